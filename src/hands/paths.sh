# Sets $real to the canonical form of the absolute path $1, whose last parts need not exist. Fails with $problem when
# that is outside the folders that file tools work in. A path may change between this look and its use: the sandbox is
# the boundary, this keeps an honest model where its files are.
locate() {
  p=$1
  rest=
  links=0
  real=
  while [ -z "$real" ]; do
    if [ -L "$p" ]; then
      links=$((links + 1))
      if [ $links -gt 40 ]; then
        problem=loop
        return 1
      fi
      target=$(readlink "$p")
      case $target in
        /*) p=$target ;;
        *) p=${p%/*}/$target ;;
      esac
    elif [ -d "$p" ]; then
      if ! real=$(cd -P -- "$p" 2>/dev/null && pwd -P); then
        problem=denied
        return 1
      fi
    else
      rest=/${p##*/}$rest
      p=${p%/*}
      [ -n "$p" ] || p=/
    fi
  done
  real=${real%/}$rest
  problem=outside
  case $rest/ in
    */../* | */./*) return 1 ;;
  esac
  case $real in
    /workspace | /workspace/* | /tmp | /tmp/*) return 0 ;;
    /mnt/session/uploads | /mnt/session/uploads/* | /mnt/session/outputs | /mnt/session/outputs/*) return 0 ;;
  esac
  return 1
}
