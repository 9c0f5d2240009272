# The claim-once runner, for any POSIX sh (dash, busybox, bash), behind processes.sh, room.sh and capture.sh.
#
# $R/calls/ID is the claim; whoever makes that folder runs the command, in this very process. SIGKILL of the client that
# started it leaves it alone: nothing here is told of that. In the folder, in the order of their appearance:
#   worker  pid and start time of the process that runs the command
#   pid     of the command, which leads a session and process group of its own
#   end     why it is being ended (timeout, cancelled, crowded, lost); the first to write it wins
#   head    the output, as much as is kept;  tail: the end of it, where it is above the cap
#   kept    bytes in head, where the output is above the cap: more than goes to the caller
#   done    "REASON CODE TOTAL CAP": one write of a whole line, so that half of it is never read
#   cleared everything was ended before it, see crowd.sh
#
# A process start costs about a millisecond, and a call is to cost a few: what the shell can do itself it does.
is_working() {
  read_from "$d/worker" pid since && start_time "$pid" && [ "$started" = "$since" ]
}

is_done() { read_from "$d/done" reason code total cap; }

# KILL to every process whose environment holds the line $1, until none is left: catches what left the process group.
kill_marked() {
  rounds=0
  found=yes
  while [ -n "$found" ] && [ $rounds -lt 20 ]; do
    found=
    rounds=$((rounds + 1))
    for e in /proc/[0-9]*/environ; do
      p=${e#/proc/}
      if { tr '\0' '\n' < "$e" | grep -qxF "$1"; } 2>/dev/null && kill -KILL "${p%/environ}" 2>/dev/null; then
        found=yes
      fi
    done
  done
}

# Says why the command is being ended, unless that was said before.
give_reason() {
  [ ! -e "$d/end" ] || return
  set -C
  { echo "$1" > "$d/end"; } 2>/dev/null
  set +C
}

# TERM to the command's group, one second, KILL. $1 is the reason.
end_command() {
  give_reason "$1"
  n=0
  until [ -s "$d/pid" ] || [ -s "$d/done" ] || [ $n -ge 40 ]; do sleep 0.05; n=$((n + 1)); done
  [ ! -s "$d/done" ] && read_from "$d/pid" pid || return
  kill -TERM "-$pid"
  n=0
  while kill -0 "-$pid"; do
    [ $n -lt 20 ] || { kill -KILL "-$pid"; break; }
    sleep 0.05
    n=$((n + 1))
  done
} 2>/dev/null

# Waits for the time limit and ends the command; SIGTERM ends it, and its sleep: bash runs the trap of EXIT on that too,
# which is set last for that reason. A sleep that the agent has ended begins again.
watch() {
  sleep=
  trap 'trap - EXIT; kill $sleep; exit' TERM
  trap stop_command EXIT
  while :; do
    sleep "$timeout" &
    sleep=$!
    wait "$sleep" && break
  done
  end_command timeout
  trap - EXIT
}

# Runs in the process that becomes the command. $1 is the folder of the call, $2 the file with the command.
start_command='
  echo $$ > "$1/pid" || [ -e "$1/pid" ] || exit 126
  [ ! -e "$1/end" ] || exit 143
  echo 500 > /proc/self/oom_score_adj
  cd /workspace
  unset OLDPWD
  text=$2
  set --
'
# bash names a file that it sources in every message, but not what it evaluates.
run_text_sh='. "$text"'
run_text_bash='eval "unset text; $(<"$text")"'

# Sets $kills to how often the kernel has killed in this sandbox for want of memory; empty where the sandbox has no control
# group of its own: the machine's number would say nothing of it.
count_kills() {
  kills=
  for e in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$e" ] || continue
    while read -r name value; do
      [ "$name" != oom_kill ] || kills=$value
    done < "$e"
  done
}

# Whether memory has run out since $kills was counted. A command with a queue may have seen its child killed and gone on;
# what has none runs beside others, so there only its own end by SIGKILL counts.
is_out_of_memory() {
  [ -n "$kills" ] && { [ -n "$queue" ] || [ $code -eq 137 ]; } || return
  before=$kills
  count_kills
  [ "$kills" != "$before" ]
}

# Waits for the queue's lock. Fails when the call was given up meanwhile.
queue_up() {
  [ -n "$queue" ] || return 0
  exec 9<> "$R/$queue.lock"
  until flock -n 9; do
    [ ! -e "$d/end" ] || return 1
    sleep 0.05
  done
}

# Splits what came into the command's text and its input; runs it; leaves the answer in `done`. Fails when the pipes are
# not to be used again.
work() {
  if ! queue_up; then
    reason=cancelled code=143 total=0
    : > "$d/head"
    echo "$reason $code $total $cap" > "$d/done"
    return
  fi
  [ ! -e "$R/untold" ] || mv -f "$R/untold" "$d/cleared"
  text=$d/in input=/dev/null
  if [ "$text_bytes" -lt "$bytes" ]; then
    text=$d/text input=$d/input
    head -c "$text_bytes" "$d/in" > "$text"
    tail -c "+$((text_bytes + 1))" "$d/in" > "$input"
  fi
  start_capture || return
  count_kills
  (exec < /dev/null > /dev/null 2>&1 4<&- 5>&- 9>&-; watch) &
  watchdog=$!
  # In the foreground: a command started in the background would have to live with SIGINT ignored.
  case $shell in
    bash) set -- bash --noprofile --norc -c "$start_command$run_text_bash" bash ;;
    *) set -- sh -c "$start_command$run_text_sh" sh ;;
  esac
  # The redirections are inside the parentheses, or dash would say "Killed" in the command's output.
  (
    export LONGHAND_CALL="$id"
    exec setsid "$@" "$d" "$text" < "$input" >&5 2>&1 4<&- 5>&- 9>&-
  )
  code=$?
  kill -TERM "$watchdog" 2>/dev/null
  if read_from "$d/end" reason; then
    { read_from "$d/pid" pid && kill -KILL "-$pid"; } 2>/dev/null
    kill_marked "LONGHAND_CALL=$id"
  elif is_out_of_memory; then
    reason=oom
  else
    reason=exit
  fi
  finish_capture
  clean=$?
  exec 9>&-
  echo "$reason $code $total $cap" > "$d/done"
  # What found no room were those beside it: as it is told, all the rest ends with it.
  [ "$reason" != crowded ] || clear_way
  return $clean
}

# $1: 1 for the caller that ran the command, 0 for one that joined. The last word is 1 behind a clearing.
report() {
  if [ -e "$d/head" ]; then
    [ ! -s "$d/head" ] || head -c "$cap" "$d/head"
    [ "$total" -le "$cap" ] || head -c 16384 "$d/tail"
  elif [ "$total" -gt 0 ]; then
    reason=lost
  fi
  cleared=0
  [ ! -e "$d/cleared" ] || cleared=1
  answer "$reason $code $total $cap $1 $cleared"
}

# Puts this process's name to the claim. Where not even that has room, outputs are given up; fails when it is the agent
# who has filled the runner's folder.
sign() {
  echo "$self $born" > "$d/worker" || { drop_outputs && echo "$self $born" > "$d/worker"; }
} 2>/dev/null

# A worker that is gone without `done` is lost, and so is a claim that nobody has put his name to within two seconds.
join() {
  looks=0
  pause=0.02
  until is_done; do
    if is_working; then
      [ $looks -lt 50 ] || pause=0.1
    elif is_done; then
      break
    elif [ -s "$d/worker" ] || [ $looks -ge 100 ]; then
      reason=lost
      [ ! "$R/clearing" -nt "$d/worker" ] || reason=crowded
      answer "$reason 137 0 0 0"
      return
    fi
    looks=$((looks + 1))
    sleep $pause
  done
  report 0
}

keep_text() {
  if [ -n "$inline" ]; then printf '%s\n' "$inline" > "$d/in"; else mv "$in" "$d/in"; fi
} 2>/dev/null

# The command comes as an argument or, when that is empty, behind the question with its input: `bytes` in all. What came
# short was cut off by the death of the caller and is forgotten.
run() {
  timeout=$1 cap=$2 tail=$3 keep=$4 shell=$5 queue=$6 text_bytes=$7 bytes=$8 inline=$9
  if [ -d "$d" ]; then
    join
    return
  fi
  make_room
  in=$R/in.$self claimed=
  if [ -z "$inline" ] && ! receive "$in" "$bytes"; then
    rm -f "$in"
    return
  fi
  if mkdir "$d" 2>/dev/null; then
    # A sandbox in which nothing can be claimed any more is of no use.
    if ! sign || ! { keep_text || { drop_outputs && keep_text; }; }; then
      answer gone
      return
    fi
    claimed=yes
    work
    clean=$?
    ! is_done || report 1
    tidy_up
    return $clean
  fi
  [ ! -e "$in" ] || rm -f "$in"
  [ ! -d "$d" ] || join
}

cancel() {
  if mkdir "$d" 2>/dev/null; then
    echo "cancelled 143 0 0" > "$d/done"
  elif ! is_done; then
    end_command cancelled
    n=0
    until is_done || [ $n -ge 60 ] || { [ -s "$d/worker" ] && ! is_working; }; do
      sleep 0.05
      n=$((n + 1))
    done
    is_done || kill_marked "LONGHAND_CALL=$id"
  fi
  answer cancelled
}

# Whether calls are not done whose worker lives, or has just made its claim and is about to put its name to it. Writes
# their ids, as many as somebody has use for. First those that wait: who ends them in this order lets none of them begin.
busy() {
  for d in "$R"/calls/*; do
    [ ! -e "$d/done" ] && [ -d "$d" ] || continue
    is_working || { [ ! -e "$d/worker" ] && [ -n "$(find "$d" -maxdepth 0 -mmin -1)" ]; } || continue
    if [ -e "$d/pid" ]; then set -- "$@" "${d##*/}"; else set -- "${d##*/}" "$@"; fi
    [ $# -lt 128 ] || break
  done
  if [ $# -eq 0 ]; then answer no; return; fi
  printf '%s\n' "$@"
  answer yes
}
