# The resident: behind the others, it serves one question after the other. A question is two lines on stdin: its mark and
# the id of its call, then shell words that set $given, export what the command is to have in its environment, and call
# `serve`. Its answer is what is written to stdout up to a line that begins with the mark, "MARK end" where there is none.
# The resident ends with its stdin; its death does not end the call that it is at.
newline='
'
answer() {
  answered=yes
  printf '\n%s %s\n' "$reply_to" "$*"
}

receive() { printf %s "$given" > "$1"; } 2>/dev/null

# That is done for many calls together.
tidy_up() { :; }

# Status 0: the pipes can be used again, and there is as much room as before; 1: maybe not; 2: there was no answer either.
serve_one() {
  answered= total=0
  eval "$1"
  clean=$?
  [ -n "$answered" ] || exit 2
  [ $clean -eq 0 ] && [ "$total" -le 65536 ] || exit 1
}

# What can wait until many calls are done.
catch_up() {
  turn=$((turn + 1)) served=0
  drop_old "$turn"
  rm -f $left
  left=
} < /dev/null > /dev/null

lane() {
  start_time self || return
  turn=${stat%% *} served=0 left=
  pipes=$R/pipes.$turn
  # A caller that died is noticed by the end of stdin; not ignored, or commands would ignore it too.
  trap : PIPE
  # No make_way here: one that finds no room at its own housekeeping only ends, and nobody's call with it.
  while read -r reply_to id && IFS= read -r question; do
    (exec < /dev/null; serve_one "$question")
    status=$?
    [ $status -le 1 ] || printf '\n%s end\n' "$reply_to"
    [ $status -eq 0 ] || rm -f "$pipes.said" "$pipes.read"
    name_rest "$R/calls/$id"
    left="$left $rest" served=$((served + 1))
    [ $status -eq 0 ] && [ $served -lt 16 ] || catch_up
  done
  rm -f $left "$pipes.said" "$pipes.read"
}
