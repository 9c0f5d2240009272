R=/run/longhand
verb=$1 boot=$2 id=$3
d=$R/calls/$id
shift 3
umask 022

# The answer is stdout plus one line of stderr, "longhand: ...", the last. Without that line there is no answer.
answer() { printf 'longhand: %s\n' "$*" >&2; }

# Does what was asked, unless this is another sandbox than the one that was meant.
serve() {
  { read -r here < "$R/boot"; } 2>/dev/null
  if [ "$here" = "$boot" ]; then "$verb" "$@"; else answer gone; fi
}

# Sets $started to the start time of process $1; fails for a process that is gone or a zombie.
start_time() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${stat##*) }
  [ "$1" != Z ] || return 1
  shift 19
  started=$1
}

# Takes the lock $1, a link to this process's pid and start time, or fails. A holder that died is cleared away once, by
# whoever makes the folder of its name first; looked at again behind that, because a lock may have gone on to another.
take_lock() {
  start_time $$
  ! ln -s "$$.$started" "$R/$1.lock" 2>/dev/null || return 0
  holder=$(readlink "$R/$1.lock") || return 1
  ! start_time "${holder%.*}" || [ "$started" != "${holder#*.}" ] || return 1
  if mkdir "$R/dead.$1.$holder" 2>/dev/null && [ "$(readlink "$R/$1.lock")" = "$holder" ]; then
    rm -f "$R/$1.lock"
  fi
  return 1
}

release_lock() { rm -f "$R/$1.lock"; }

# Runs the words behind the first, which names the lock.
with_lock() {
  lock=$1
  shift
  until take_lock "$lock"; do sleep 0.02; done
  "$@"
  release_lock "$lock"
}
