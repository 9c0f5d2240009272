# Streams into the sandbox and out of it; behind processes.sh. Called VERB ARGUMENTS..., as the agent but for the uploads,
# which belong to nobody. What is to be sent is asked for by a line on stdout.
mounts=/mnt/session/.cargo
uploads=/mnt/session/uploads
outputs=/mnt/session/outputs

# Answers `refused` with what $1 says, on one line.
refuse() { answer refused "$(printf %s "$1" | tr -c '[:print:]' ' ')"; }

# Runs the words, which write to stdout, until they are done or stdin is closed: nobody reads any more. Sets $code.
guard() {
  exec 3<&0
  "$@" < /dev/null 2> /dev/null 3<&- &
  writer=$!
  { cat <&3 && kill "$writer"; } > /dev/null 2>&1 &
  guardian=$!
  exec 3<&-
  wait "$writer"
  code=$?
  kill "$guardian" 2>/dev/null
}

# `tar` ends with 1 where a file changed while it was read, and with 2 where one could not be read.
export_workspace() {
  cd /workspace && guard tar -cf - --exclude './.longhand-*' .
  if [ "$code" -le 2 ]; then answer done "$code"; else answer refused "tar ended with $code"; fi
}

# Clears away what a maker has staged and left, too.
probe() {
  cd /workspace || return
  find . -maxdepth 1 -name '.longhand-*' -type d -mmin +60 -exec chmod -R u+rwX {} + -exec rm -rf {} + 2> /dev/null
  guard find . -mindepth 1 -path './.longhand-*' -prune -o -printf '%P %s %T@ %C@ %m %l\0'
  answer done
}

# One more than are taken, which tells that there are more: whole trees may have been put there.
find_outputs() { find . -type f ! -path '*/.*' -printf '%s %T@:%C@:%i %P\0' | head -z -n 1001; }

list_outputs() {
  cd $outputs && guard find_outputs
  answer done
}

# $1: path below the outputs.
read_output() {
  cd $outputs || return
  if [ -L "./$1" ] || [ ! -f "./$1" ]; then
    answer refused 'it is no regular file'
    return
  fi
  guard cat "./$1"
  if [ "$code" -eq 0 ]; then answer done; else answer refused "cat ended with $code"; fi
}

# Collects what is sent in the file $1: $2 bytes and one more, without which it was cut off.
collect() {
  echo ready
  if why=$(cat 2>&1 > "$1") && [ "$(wc -c < "$1")" -eq $(($2 + 1)) ] && truncate -s "$2" "$1"; then return 0; fi
  rm -f "$1"
  refuse "${why:-it was cut off}"
  return 1
}

# Puts the file $1 at the path $3 below $2.
place() {
  case $3 in
    */*) why=$(mkdir -p "$2/${3%/*}" 2>&1) || { rm -f "$1"; refuse "$why"; return 1; } ;;
  esac
  why=$(mv -fT "$1" "$2/$3" 2>&1) || { rm -f "$1"; refuse "$why"; return 1; }
}

# $1: path below the outputs, $2: bytes.
put_output() {
  collect "$outputs/.longhand-$$" "$2" && place "$outputs/.longhand-$$" $outputs "$1" && answer done
}

# $1: path below the uploads, $2: its SHA-256, $3: its name among the mounts, $4: bytes.
put_upload() {
  if [ "$(cat "$mounts/files/$3" 2>/dev/null)" = "$2 $1" ] && [ -f "$uploads/$1" ]; then
    answer done
    return
  fi
  for left in "$mounts"/new.*; do [ -e "/proc/${left##*.}" ] || rm -f "$left"; done
  new=$mounts/new.$$
  collect "$new" "$4" && chmod 444 "$new" || return
  # A path that has another file now is no longer noted as having the one before.
  rm -f "$mounts/files/$3"
  place "$new" $uploads "$1" || return
  why=$({ echo "$2 $1" > "$new" && mv -f "$new" "$mounts/files/$3"; } 2>&1) || { refuse "$why"; return; }
  answer done
}

# $1: path below the uploads, $2: its name among the mounts.
drop_upload() {
  why=$(rm -f "$uploads/$1" "$mounts/files/$2" 2>&1) || { refuse "$why"; return; }
  case $1 in */*) cd $uploads && rmdir -p -- "${1%/*}" 2> /dev/null ;; esac
  answer done
}

list_uploads() {
  cat "$mounts"/files/* 2>/dev/null
  answer done
}

# $1: the maker.
stage() {
  folder=/workspace/.longhand-$1
  why=$({ chmod -R u+rwX "$folder"; rm -rf "$folder"; } 2>&1; mkdir "$folder" 2>&1) && cd "$folder" || { refuse "$why"; return; }
  echo ready
  if why=$(tar -xpf - --no-same-owner 2>&1); then
    answer done
  else
    cd / && { chmod -R u+rwX "$folder"; rm -rf "$folder"; } 2>/dev/null
    refuse "$(printf %s "$why" | tail -n 3)"
  fi
}

verb=$1
shift
"$verb" "$@"
