# Puts outputs where the agent can read them: behind processes.sh and paths.sh, over what runner.sh leaves of a call.
#   put     bytes that are missing in the middle of the file that the output was put into

# What was kept of the output, and its end. Sets $missing to the bytes between them, $expected to those of the file.
print_output() {
  missing=0 expected=$kept
  head -c "$kept" "$d/head"
  [ "$kept" -lt "$total" ] || return
  end=$(wc -c < "$d/tail")
  [ "$end" -le $((total - kept)) ] || end=$((total - kept))
  missing=$((total - kept - end)) mark=
  [ $missing -eq 0 ] || mark="[$missing bytes are left out here]"
  printf '%s' "${mark:+
$mark
}"
  tail -c "$end" "$d/tail"
  expected=$((kept + end + ${#mark} + (missing > 0 ? 2 : 0)))
}

# Of the files that came from here the newest $1 stay.
prune() {
  count=0
  ls -1t "$folder" | while IFS= read -r name; do
    [ "$name" != "${name%.txt}" ] && [ -d "$R/calls/${name%.txt}" ] || continue
    count=$((count + 1))
    [ $count -le "$1" ] || rm -f "$folder/$name"
  done
}

# Makes the file, unless it is there, and gives back the room of what nobody needs but the file. Sets $said.
deliver() {
  if [ -s "$d/put" ] && [ -f "$real" ]; then
    said="kept $(cat "$d/put")"
    return
  fi
  said=lost
  [ -e "$d/head" ] || return
  kept=$total
  read_from "$d/kept" kept
  [ "$kept" -le "$total" ] || kept=$total
  folder=${real%/*}
  new=$folder/.longhand-$self
  said='refused denied'
  mkdir -p "$folder" && { [ -e "$folder/.gitignore" ] || echo '*' > "$folder/.gitignore"; }
  print_output > "$new"
  [ -e "$new" ] || return
  if [ "$(wc -c < "$new")" -eq $expected ] && mv -f "$new" "$real"; then
    if [ "$kept" -gt "$cap" ]; then
      echo "$cap" > "$d/kept"
      truncate -s "$cap" "$d/head"
    fi
    echo $missing > "$d/put"
    prune "$1"
    said="kept $missing"
  else
    said='refused full'
    rm -f "$new"
  fi
} 2>/dev/null

# $1: how many files may stay.
keep() {
  path=/workspace/.outputs/$id.txt
  if ! is_done; then
    answer lost
  elif ! locate "$path"; then
    answer refused "$problem"
  elif [ -d "$real" ]; then
    answer refused directory
  else
    with_lock outputs deliver "$1"
    answer $said
  fi
}
