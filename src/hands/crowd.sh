# What the scripts do when there is no room for another process. Behind the others, before lane.sh.
#
# A shell that cannot start a process ends, wherever it is. Its EXIT comes here, where everything is left to what a shell
# can do by itself. What is in the way is the agent's: nobody else in a sandbox has more than a handful of processes.

# Sets $limit to how many processes there may be; fails where there is none.
read_limit() {
  for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do
    { read -r limit < "$f"; } 2>/dev/null || limit=
    case $limit in '' | max) ;; *) return ;; esac
  done
  while read -r first second limit rest; do
    [ "$first $second" != 'Max processes' ] || break
  done < /proc/self/limits
  case $limit in '' | *[!0-9]*) return 1 ;; esac
}

# Sets $refused to how many processes the kernel has refused to this sandbox, where it counts them.
count_refused() {
  for f in /sys/fs/cgroup/pids/pids.events /sys/fs/cgroup/pids.events; do
    { read -r word refused < "$f"; } 2>/dev/null && return
  done
  refused=
}

# Tells the lack of room from any other failure. Others that found none may have ended meanwhile: a quarter of the limit
# is a lot all the same. $refused_before is from the beginning of the question.
is_crowded() {
  count_refused
  [ "$refused" = "$refused_before" ] || return 0
  read_limit || return
  set -- /proc/[0-9]*/task/[0-9]*
  [ $(($# * 4)) -ge "$limit" ]
}

# For the processes beside a command: it has no limit without them, and nobody to hear it.
stop_command() {
  if is_crowded; then give_reason crowded; else give_reason lost; fi
  { read_from "$d/pid" pid && kill -KILL "-$pid"; } 2>/dev/null
}

# Whether another shell is at it: two would end each other.
is_cleared_by_another() {
  read_from "$R/clearing" pid since && start_time "$pid" && [ "$started" = "$since" ]
}

# Ends everything but this shell. `clearing` tells those that find their call without a worker what became of it,
# `untold` is there until a call has been told; $1 is empty where this one will be.
clear_way() {
  echo "$self $born" > "$R/clearing"
  [ -z "$1" ] || echo > "$R/untold"
  kill -KILL -1
  wait
  looks=0
  set -- /proc/[0-9]*
  until [ $# -le 16 ] || [ $looks -ge 2000 ]; do
    looks=$((looks + 1))
    set -- /proc/[0-9]*
  done
} 2>/dev/null

# A call that has not begun its command does that now. One that has is over.
make_way() {
  is_crowded || return
  trap - EXIT
  if [ -z "$claimed" ]; then
    is_cleared_by_another || clear_way tell
  # Not -s: on a full disk it is there without a number, and the command runs.
  elif [ ! -e "$d/pid" ]; then
    clear_way tell
    # What was said by those beside a command that has not begun.
    read_from "$d/end" reason || reason=
    case $reason in crowded | lost) rm -f "$d/end" ;; esac
    work
    report 1
  elif ! is_done; then
    exec 5>&-
    { read_from "$d/pid" pid && kill -KILL "-$pid"; kill -TERM "$cat"; wait "$cat" "$keeper"; } 2>/dev/null
    read_from "$d/total" total || total=0
    # The end of a long output takes processes of its own.
    [ "$total" -le "$cap" ] || clear_way
    finish_crowded
    [ "$total" -gt "$cap" ] || clear_way
    report 1
  fi
}

finish_crowded() {
  reason=crowded code=137
  measure_output
  echo "$reason $code $total $cap" > "$d/done"
}
