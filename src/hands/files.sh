# Reads and writes of single files; paths.sh stands before this text. Follows `longhand VERB BOOT ID ARGUMENTS...` like the runner, in whose folder it
# keeps its claims; the answer is stdout plus the last line of stderr.

R=/run/longhand
verb=$1 boot=$2 id=$3
d=$R/calls/$id
shift 3
umask 022

answer() { printf 'longhand: %s\n' "$*" >&2; }

sha256() {
  sum=$(sha256sum < "$1")
  sum=${sum%% *}
}

# Sets $kind to what is at $real.
look() {
  if [ -d "$real" ]; then
    kind=directory
  elif [ -f "$real" ]; then
    kind=file
  elif [ -e "$real" ]; then
    kind=irregular
  else
    kind=missing
  fi
}

get() {
  path=$1 max=$2 from=$3 to=$4
  if [ "$id" != - ] && [ -d "$d" ]; then
    answer claimed
    return
  fi
  locate "$path" || { answer refused "$problem"; return; }
  look
  [ $kind = file ] || { answer refused $kind; return; }
  [ -r "$real" ] || { answer refused denied; return; }
  size=$(wc -c < "$real")
  if [ "$from" -eq 0 ]; then
    head -c "$((max + 1))" "$real"
  elif [ "$to" -le 0 ]; then
    tail -n "+$from" "$real" | head -c "$((max + 1))"
  elif [ "$to" -ge "$from" ]; then
    tail -n "+$from" "$real" | head -n "$((to - from + 1))" | head -c "$((max + 1))"
  fi
  answer file "$size"
}

# A claim that exists. A writer that died before `done` left the hash of what it was about to put there.
written_before() {
  reason=
  { read -r reason code < "$d/done"; } 2>/dev/null
  if [ "$reason" = cancelled ]; then
    answer cancelled
  elif [ "$reason" = exit ] || { locate "$path" && [ -f "$real" ] && sha256 "$real" && [ "$sum" = "$(cat "$d/sha256")" ]; }; then
    cat "$d/note"
    answer written 0
  else
    answer lost
  fi
}

put() {
  path=$1 bytes=$2 hash=$3 expected=$4 note=$5
  exec 9> "$R/files.lock"
  if [ -d "$d" ]; then
    flock 9
    written_before
    return
  fi
  locate "$path" || { answer refused "$problem"; return; }
  look
  case $kind in
    directory | irregular) answer refused $kind; return ;;
    file) [ -w "$real" ] || { answer refused denied; return; } ;;
  esac
  folder=${real%/*}
  mkdir -p "$folder" 2>/dev/null || { answer refused denied; return; }
  new=$folder/.longhand-$$
  cat > "$new" 2>/dev/null
  if [ ! -e "$new" ]; then
    answer refused denied
    return
  fi
  # Short: the disk is full, or the client died while it sent. The latter reads no answer.
  if [ "$(wc -c < "$new")" -ne "$bytes" ]; then
    rm -f "$new"
    answer refused full
    return
  fi
  flock 9
  if [ -d "$d" ]; then
    rm -f "$new"
    written_before
    return
  fi
  if [ -n "$expected" ]; then
    sum=
    [ ! -f "$real" ] || sha256 "$real"
    if [ "$sum" != "$expected" ]; then
      rm -f "$new"
      answer conflict
      return
    fi
  fi
  [ ! -e "$real" ] || chmod "$(stat -c %a "$real")" "$new"
  if mkdir "$d" 2>/dev/null; then
    echo "$hash" > "$d/sha256"
    printf '%s' "$note" > "$d/note"
    mv -f "$new" "$real"
    echo "exit 0 0 0" > "$d/done"
    printf '%s' "$note"
    answer written 1
  else
    # A cancel came in between: it takes no lock.
    rm -f "$new"
    written_before
  fi
}

{ read -r here < "$R/boot"; } 2>/dev/null
if [ "$here" != "$boot" ]; then
  answer gone
else
  "$verb" "$@"
fi
