# Room in the runner's folder, which is small. Behind processes.sh, in runner.sh.

# Gives up the outputs of calls that are done and that no worker is telling of any more; `find` takes the arguments.
drop_outputs() {
  find "$R/calls" -mindepth 2 -maxdepth 2 -name done "$@" -exec sh -c '
    for f; do
      { [ -f "${f%done}worker" ] && read -r pid since < "${f%done}worker"; } 2>/dev/null && [ -e "/proc/$pid" ] && continue
      rm -f "${f%done}head" "${f%done}tail" "${f%done}in" "${f%done}text" "${f%done}input"
    done' drop {} +
}

# Whether there is room for all that this call has to keep. What it may keep beyond that is at most a quarter of the room.
has_room() {
  if [ -z "$room" ]; then
    set -- $(stat -f -c '%a %S' "$R" 2>/dev/null)
    [ $# -eq 2 ] || return 0
    room=$(($1 * $2))
  fi
  [ $room -gt $((4 * keep)) ] || keep=$((room / 4096 * 1024))
  [ $keep -gt "$cap" ] || keep=$cap
  [ $room -gt $((cap + tail + 3 * bytes + 65536)) ]
}

# Lowers the cap to what the agent, who has filled the runner's folder, leaves room for.
lower_cap() {
  cap=$(((room - 3 * bytes - 65536) / 4096 * 2048))
  [ $cap -ge 2048 ] || cap=2048
  tail=$((cap / 4)) keep=$cap
  [ $tail -le 16384 ] || tail=16384
}

# The oldest outputs go first: a caller that lost its connection may still come for the others.
make_room() {
  has_room && return
  drop_outputs -mmin +1
  room=
  has_room && return
  drop_outputs
  room=
  has_room || lower_cap
} < /dev/null

# Claims stay for ever, output does not: an hour later every caller has had it. Where there is less than a quarter of
# the room left, a minute later. Sets $room. Looks for what is old in one of 32 turns, $1.
drop_old() {
  room=
  age=60
  set -- "$1" $(stat -f -c '%a %b %S' "$R" 2>/dev/null)
  if [ $# -eq 4 ]; then
    room=$(($2 * $4))
    [ $(($2 * 4)) -gt "$3" ] || age=1
  fi
  [ $age -eq 60 ] && [ $(($1 % 32)) -ne 0 ] || drop_outputs -mmin +$age
}

# Sets $rest to what nobody needs of the call in folder $1 once it is done.
name_rest() { rest="$1/pipe.said $1/pipe.read $1/rest $1/in $1/text $1/input $1/total"; }

tidy_up() {
  (exec < /dev/null > /dev/null 2>&1 4<&-; drop_old "$self"; name_rest "$d"; exec rm -f $rest) &
}
