# What a command says: kept up to `keep` bytes, its end and its length beside it. Behind processes.sh, in runner.sh.

# Ends `cat` once it has slept through three looks, which it does when the pipe is empty and only processes left in the
# background hold it open; after one second in any case, and at once where no `sleep` can be started. One that an agent
# has stopped holds output: it goes on.
end_capture() {
  trap 'kill -TERM "$cat"' EXIT
  looks=0
  asleep=0
  while [ $looks -lt 20 ] && [ $asleep -lt 3 ]; do
    sleep 0.05
    { read -r stat < "/proc/$cat/stat"; } 2>/dev/null || break
    case ${stat##*) } in S*) asleep=$((asleep + 1)) ;; T*) kill -CONT "$cat" ;; *) asleep=0 ;; esac
    looks=$((looks + 1))
  done
}

# Output goes through a pipe to `cat`, and from there through a second one to `keep_output`: `cat` can be ended while a
# process in the background still holds the first, and nothing that it has passed on is lost. A noisy command is never
# blocked. 4 is the first pipe's reading end, 5 its writing end; none of the two is passed on.
start_capture() {
  : "${pipes:=$d/pipe}"
  [ -p "$pipes.said" ] && [ -p "$pipes.read" ] || mkfifo "$pipes.said" "$pipes.read" || return
  exec 3<> "$pipes.said" 4< "$pipes.said" 5> "$pipes.said" 3>&-
  exec 3<> "$pipes.read" 7< "$pipes.read" 8> "$pipes.read" 3>&-
  cat <&4 >&8 2>/dev/null 4<&- 5>&- 7<&- 8>&- 9>&- &
  cat=$!
  # With its redirections beside it, a function would have the shell keep what they hide.
  (exec <&7 > /dev/null 2>&1 4<&- 5>&- 7<&- 8>&- 9>&-; trap stop_command EXIT; keep_output; trap - EXIT) &
  keeper=$!
  exec 7<&- 8>&-
}

# `head` takes not a byte more than what is to be kept. What there is behind that is counted, and its end kept. Leaves
# the length of all in `total`, nothing where there was no room to write.
keep_output() {
  exec 6> "$d/head"
  if ! head -c "$keep" >&6; then
    cat > /dev/null
    return
  fi
  read -r name total < /proc/self/fdinfo/6
  exec 6>&-
  if [ "$total" -ge "$keep" ]; then
    mkfifo "$d/rest"
    tail -c "$tail" < "$d/rest" > "$d/tail" &
    rest=$(tee "$d/rest" | wc -c)
    wait $! || return
    total=$((total + rest))
  fi
  echo "$total" > "$d/total"
}

# The end of an output that is longer than the cap, as far as it is still in the head.
complete_tail() {
  [ "$total" -le "$kept" ] || [ $((total - kept)) -lt "$tail" ] || return
  { tail -c $((tail - total + kept)) "$d/head"; [ "$total" -eq "$kept" ] || cat "$d/tail"; } > "$d/rest.tail"
  mv -f "$d/rest.tail" "$d/tail"
}

# Fails when a process in the background keeps hold of the pipe: what it writes from now on is read and dropped, it is not
# stopped by it.
finish_capture() {
  exec 5>&-
  looks=0
  while start_time "$cat" && [ $looks -lt 10 ]; do looks=$((looks + 1)); done
  if [ $looks -lt 10 ]; then
    wait "$cat"
    ended=$?
  else
    (exec < /dev/null > /dev/null 2>&1 4<&- 9>&-; end_capture) &
    ender=$!
    wait "$cat"
    ended=$?
    kill "$ender" 2>/dev/null
  fi
  wait "$keeper"
  measure_output
  [ "$ended" -lt 128 ] || { cat <&4 > /dev/null 2>&1 4<&- 9>&- & return 1; }
}

# Sets $total, and makes the tail whole.
measure_output() {
  # Nothing to read where there was no room to write, or to count in: what the command said is gone.
  if ! read_from "$d/total" total; then
    total=0
    if [ "$reason" = crowded ]; then : > "$d/head"; else reason=lost; fi
  fi
  if [ "$total" -gt "$cap" ]; then
    kept=$total
    [ "$kept" -le "$keep" ] || kept=$keep
    echo "$kept" > "$d/kept"
    complete_tail
  fi
}
