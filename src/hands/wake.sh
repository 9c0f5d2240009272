# What goes on with everything in the sandbox when an agent has stopped what serves its calls, as `kill -STOP -1` does. It
# starts no process, and reads nothing of the agent's. What an agent has stopped of its own stays so as long as nothing of
# ours is.

# Sets $state, $parent and $session of the process of the file $1; fails for one that is gone.
look_at() {
  { read -r stat < "$1"; } 2>/dev/null || return
  set -- ${stat##*) }
  state=$1 parent=$2 session=$4
}

# What was started from outside, as residents are, has a parent that cannot be seen, and what it has started is in its
# session: only commands have one of their own.
is_held() {
  ours=' '
  for f in /proc/[0-9]*/stat; do
    look_at "$f" && [ "$parent" = 0 ] && ours="$ours$session "
  done
  for f in /proc/[0-9]*/stat; do
    look_at "$f" && [ "$state" = T ] || continue
    case $ours in *" $session "*) return 0 ;; esac
  done
  return 1
}

wake() {
  ! is_held || kill -CONT -1
  answer awake
}
