# The claim-once runner, for any POSIX sh (dash, busybox, bash). Nothing is installed in the sandbox: this text, behind
# processes.sh, is the argument of `sh -c`, followed by: runner VERB BOOT ID ARGUMENTS...
#
# $R/calls/ID is the claim; whoever makes that folder runs the command, in this very process. SIGKILL of the client that
# started it leaves it alone: nothing here is told of that. In the folder, in the order of their appearance:
#   worker  pid and start time of the process that runs the command
#   pid     of the command, which leads a session and process group of its own
#   end     why it is being ended (timeout, cancelled); the first to write it wins
#   head    the output, as much as is kept;  tail: the end of it;  total: its length
#   kept    bytes in head, where the output is above the cap: more than goes to the caller
#   done    "REASON CODE TOTAL CAP": one write of a whole line, so that half of it is never read
is_working() {
  { read -r pid since < "$d/worker"; } 2>/dev/null && start_time "$pid" && [ "$started" = "$since" ]
}

is_done() { { read -r reason code total cap < "$d/done"; } 2>/dev/null; }

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

# Arguments: folder of the call, reason, seconds to wait before. TERM to the command's group, one second, KILL.
end_command='
  sleep "$3"
  (set -C; echo "$2" > "$1/end") 2>/dev/null
  n=0
  until [ -s "$1/pid" ] || [ -s "$1/done" ] || [ $n -ge 40 ]; do sleep 0.05; n=$((n + 1)); done
  [ ! -s "$1/done" ] && read -r pid < "$1/pid" || exit 0
  kill -TERM "-$pid"
  n=0
  while kill -0 "-$pid"; do
    [ $n -lt 20 ] || { kill -KILL "-$pid"; break; }
    sleep 0.05
    n=$((n + 1))
  done
'

# Runs in the process that becomes the command. $1 is the folder of the call, $2 the file with the command.
start_command='
  echo $$ > "$1/pid"
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

# Succeeds when the kernel has killed for want of memory since this was last asked.
is_out_of_memory() {
  { read -r before < "$R/oom" || before=; } 2>/dev/null
  # The first that there is counts: a control group's own number, else that of the whole machine.
  grep -hs '^oom_kill ' /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control /proc/vmstat > "$R/oom"
  read -r now < "$R/oom"
  [ -n "$before" ] && [ "$before" != "$now" ]
}

# Ends `tee` once it has slept through three looks, which it does when the pipe is empty and only processes left in the
# background hold it open; after one second in any case.
end_capture() {
  looks=0
  asleep=0
  while [ $looks -lt 20 ] && [ $asleep -lt 3 ]; do
    sleep 0.05
    { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return
    case ${stat##*) } in S*) asleep=$((asleep + 1)) ;; *) asleep=0 ;; esac
    looks=$((looks + 1))
  done
  kill -TERM "$1"
}

# Output goes through a pipe to `tee`, which hands it to three readers without buffering: `cat` under a file size limit,
# which ends it at exactly what is to be kept, `wc` (the length) and `tail` (the end). A noisy command is never blocked.
# 4 is the pipe's reading end, 5 its writing end; neither is passed on.
start_capture() {
  mkfifo "$d/pipe" "$d/to_head" "$d/to_total" "$d/to_tail" || return
  (ulimit -f $((keep / 512)); exec cat < "$d/to_head" > "$d/head" 2>/dev/null) &
  readers=$!
  wc -c < "$d/to_total" > "$d/total" 2>/dev/null &
  readers="$readers $!"
  tail -c "$tail" < "$d/to_tail" > "$d/tail" 2>/dev/null &
  readers="$readers $!"
  exec 3<> "$d/pipe" 4< "$d/pipe" 5> "$d/pipe"
  exec 3>&-
  (trap '' PIPE; exec tee "$d/to_head" "$d/to_total" "$d/to_tail" <&4 > /dev/null 2>&1 4<&- 5>&-) &
  tee=$!
}

finish_capture() {
  exec 5>&-
  looks=0
  while start_time "$tee" && [ $looks -lt 100 ]; do looks=$((looks + 1)); done
  if [ $looks -lt 100 ]; then
    wait "$tee"
    ended=$?
  else
    end_capture "$tee" < /dev/null > /dev/null 2>&1 4<&- &
    ender=$!
    wait "$tee"
    ended=$?
    kill "$ender" 2>/dev/null
  fi
  wait $readers
  # Nothing to read where there was no room to write: what the command said is gone.
  { read -r total < "$d/total"; } 2>/dev/null || { reason=lost total=0; }
  [ "$total" -gt "$cap" ] || [ "$ended" -ge 128 ] || return 0
  kept=$(wc -c < "$d/head")
  echo "$kept" > "$d/kept"
  [ "$ended" -ge 128 ] || return 0
  # A process in the background still writes: what it writes from now on is read and dropped, it is not stopped by it.
  # The three readers may have been one chunk apart when `tee` was ended; the head goes first.
  cat <&4 > /dev/null 2>&1 4<&- &
  if [ "$kept" -lt "$keep" ]; then
    total=$kept
    tail -c "$tail" "$d/head" > "$d/tail"
  fi
}

# Waits for the queue's lock. Fails when the call was given up meanwhile.
queue_up() {
  until [ -z "$queue" ] || take_lock "$queue"; do
    [ ! -e "$d/end" ] || return 1
    sleep 0.05
  done
}

# Splits what came on stdin into the command's text and its input; runs it; leaves the answer in `done`.
work() {
  if ! queue_up; then
    reason=cancelled code=143 total=0
    : > "$d/head"
    echo "$reason $code $total $cap" > "$d/done"
    return
  fi
  text=$d/in input=/dev/null
  if [ "$text_bytes" -lt "$bytes" ]; then
    text=$d/text input=$d/input
    head -c "$text_bytes" "$d/in" > "$text"
    tail -c "+$((text_bytes + 1))" "$d/in" > "$input"
  fi
  start_capture || return
  [ -e "$R/oom" ] || is_out_of_memory
  setsid sh -c "$end_command" end "$d" timeout "$timeout" < /dev/null > /dev/null 2>&1 4<&- 5>&- &
  watchdog=$!
  # In the foreground: a command started in the background would have to live with SIGINT ignored.
  case $shell in
    bash) set -- bash --noprofile --norc -c "$start_command$run_text_bash" bash ;;
    *) set -- sh -c "$start_command$run_text_sh" sh ;;
  esac
  # The redirections are inside the parentheses, or dash would say "Killed" in the command's output.
  (
    export LONGHAND_CALL="$id"
    exec setsid "$@" "$d" "$text" < "$input" >&5 2>&1 4<&- 5>&-
  )
  code=$?
  if { read -r reason < "$d/end"; } 2>/dev/null; then
    kill_marked "LONGHAND_CALL=$id"
  elif [ $code -eq 137 ] && is_out_of_memory; then
    reason=oom
  else
    reason=exit
  fi
  kill -KILL "-$watchdog" "$watchdog" 2>/dev/null
  finish_capture
  [ -z "$queue" ] || release_lock "$queue"
  echo "$reason $code $total $cap" > "$d/done"
}

# $1: 1 for the caller that ran the command, 0 for one that joined.
report() {
  if [ -e "$d/head" ]; then
    [ ! -s "$d/head" ] || head -c "$cap" "$d/head"
    [ "$total" -le "$cap" ] || head -c 16384 "$d/tail"
  elif [ "$total" -gt 0 ]; then
    reason=lost
  fi
  answer "$reason $code $total $cap $1"
}

# Gives up the outputs of calls that are done and that no worker is telling of any more; `find` takes the arguments.
drop_outputs() {
  find "$R/calls" -mindepth 2 -maxdepth 2 -name done "$@" -exec sh -c '
    for f; do
      { read -r pid since < "${f%done}worker"; } 2>/dev/null && [ -e "/proc/$pid" ] && continue
      rm -f "${f%done}head" "${f%done}tail"
    done' drop {} +
}

# Whether there is room for all that this call has to keep. What it may keep beyond that is at most a quarter of the room.
has_room() {
  set -- $(stat -f -c '%a %S' "$R" 2>/dev/null)
  [ $# -eq 2 ] || return 0
  room=$(($1 * $2))
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
  has_room || drop_outputs -mmin +1
  has_room || drop_outputs
  has_room || lower_cap
} < /dev/null

# Puts this process's name to the claim. Where not even that has room, outputs are given up; fails when it is the agent
# who has filled the runner's folder.
sign() {
  start_time $$
  echo "$$ $started" > "$d/worker" || { drop_outputs && echo "$$ $started" > "$d/worker"; }
} 2>/dev/null

# Claims stay for ever, output does not: an hour later every caller has had it. Where there is less than a quarter of
# the room left, a minute later.
tidy() {
  age=60
  set -- $(stat -f -c '%a %b' "$R" 2>/dev/null)
  [ $# -ne 2 ] || [ $(($1 * 4)) -gt "$2" ] || age=1
  [ $age -eq 60 ] && [ $(($$ % 32)) -ne 0 ] || drop_outputs -mmin +$age
  exec rm -f "$d/pipe" "$d/to_head" "$d/to_total" "$d/to_tail" "$d/in" "$d/text" "$d/input" "$d/total"
}

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
      answer "lost 137 0 0 0"
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

# The command comes as an argument or, when that is empty, on stdin with its input behind it: `bytes` in all. What came
# short was cut off by the death of the caller and is forgotten.
run() {
  timeout=$1 cap=$2 tail=$3 keep=$4 shell=$5 queue=$6 text_bytes=$7 bytes=$8 inline=$9
  if [ -d "$d" ]; then
    join
    return
  fi
  make_room
  in=$R/in.$$
  if [ -z "$inline" ]; then
    cat > "$in"
    if [ "$(wc -c < "$in")" -ne "$bytes" ]; then
      rm -f "$in"
      return
    fi
  fi
  if mkdir "$d" 2>/dev/null; then
    # A sandbox in which nothing can be claimed any more is of no use.
    if ! sign || ! { keep_text || { drop_outputs && keep_text; }; }; then
      answer gone
      return
    fi
    work
    ! is_done || report 1
    tidy < /dev/null > /dev/null 2>&1 4<&- &
    return
  fi
  rm -f "$in"
  [ ! -d "$d" ] || join
}

cancel() {
  if mkdir "$d" 2>/dev/null; then
    echo "cancelled 143 0 0" > "$d/done"
  elif ! is_done; then
    sh -c "$end_command" end "$d" cancelled 0 < /dev/null > /dev/null 2>&1
    n=0
    until is_done || [ $n -ge 60 ] || { [ -s "$d/worker" ] && ! is_working; }; do
      sleep 0.05
      n=$((n + 1))
    done
    is_done || kill_marked "LONGHAND_CALL=$id"
  fi
  answer cancelled
}

serve "$@"
