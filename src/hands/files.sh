# Reads and writes of single files; behind processes.sh and paths.sh, called like the runner, in whose folder it keeps its
# claims.

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
  read_from "$d/done" reason code
  if [ "$reason" = cancelled ]; then
    answer cancelled
  elif [ "$reason" = exit ] || { locate "$path" && [ -f "$real" ] && sha256 "$real" && [ "$sum" = "$(cat "$d/sha256")" ]; }; then
    cat "$d/note"
    answer written 0
  else
    answer lost
  fi
}

# Writes beside the file first, then claims and replaces it under a lock: checks and replacement are one step.
put() {
  path=$1 bytes=$2 hash=$3 expected=$4 note=$5
  if [ -d "$d" ]; then
    with_lock files written_before
    return
  fi
  locate "$path" || { answer refused "$problem"; return; }
  look
  case $kind in
    directory | irregular) answer refused $kind; return ;;
    file) [ -w "$real" ] || { answer refused denied; return; } ;;
  esac
  folder=${real%/*}
  new=$folder/.longhand-$self
  [ -d "$folder" ] || mkdir -p "$folder" 2>/dev/null
  if receive "$new" "$bytes"; then
    with_lock files replace
  elif [ -e "$new" ]; then
    # A caller that died while it sent reads no answer.
    answer refused full
  else
    answer refused denied
  fi
  [ ! -e "$new" ] || rm -f "$new"
}

replace() {
  if [ -d "$d" ]; then
    written_before
    return
  fi
  sum=
  [ -z "$expected" ] || [ ! -f "$real" ] || sha256 "$real"
  if [ "$sum" != "$expected" ]; then
    answer conflict
    return
  fi
  [ ! -e "$real" ] || chmod "$(stat -c %a "$real")" "$new"
  # A cancel takes no lock: it may have made the claim meanwhile.
  if ! mkdir "$d" 2>/dev/null; then
    written_before
    return
  fi
  echo "$hash" > "$d/sha256"
  printf '%s' "$note" > "$d/note"
  if ! mv -f "$new" "$real" 2>/dev/null; then
    # Nothing was done: there is no claim to it.
    rm -rf "$d"
    answer refused denied
    return
  fi
  echo "exit 0 0 0" > "$d/done"
  printf '%s' "$note"
  answer written 1
}
