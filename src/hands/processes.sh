R=/run/longhand
umask 022

# The answer is stdout plus one line of stderr, "longhand: ...", the last. Without that line there is no answer.
answer() { printf 'longhand: %s\n' "$*" >&2; }

# Puts what came with the question into the file $1; fails when that are not $2 bytes: the disk is full, or the caller
# died while it sent.
receive() {
  cat > "$1" && [ "$(wc -c < "$1")" -eq "$2" ]
} 2>/dev/null

# Does what was asked: VERB BOOT ID ARGUMENTS..., unless this is another sandbox than the one that was meant. Sets $self
# and $born to pid and start time of this process, which may be a subshell.
serve() {
  verb=$1 boot=$2 id=$3
  d=$R/calls/$id
  shift 3
  start_time self || return
  self=${stat%% *} born=$started
  count_refused
  refused_before=$refused
  trap make_way EXIT
  here=
  read_from "$R/boot" here
  if [ "$here" = "$boot" ]; then "$verb" "$@"; else answer gone; fi
  set -- $?
  trap - EXIT
  return "$1"
}

# Reads the first line of the file $1 into the variables that follow. A pipe that an agent has put in its place is none:
# whoever opened that would wait for ever.
read_from() {
  file=$1
  shift
  [ -f "$file" ] && read -r "$@" < "$file"
} 2>/dev/null

# Sets $started to the start time of process $1; fails for a process that is gone or a zombie.
start_time() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${stat##*) }
  [ "$1" != Z ] || return 1
  shift 19
  started=$1
}

# Runs the words behind the first, which names a lock. It is held by an open file: a holder that dies holds it no longer.
# Opened for both, for that waits at nothing that an agent has put there.
with_lock() {
  exec 9<> "$R/$1.lock"
  flock 9
  shift
  "$@"
  exec 9>&-
}
