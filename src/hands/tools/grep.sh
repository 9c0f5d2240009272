# Follows paths.sh, $path, $pattern and $limit set. Searches with ripgrep when it is there, else with what grep there is,
# and prints at most $limit bytes. Exit code 2: the pattern is not understood; 3: the word for what is wrong with the path.
locate "$path" || { echo "$problem"; exit 3; }
[ -e "$real" ] || { echo missing; exit 3; }

if command -v rg > /dev/null; then
  set -- rg --no-config --color never --no-heading --with-filename --line-number --no-messages
elif echo x | grep -qP x 2> /dev/null; then
  set -- grep -nHIP
elif echo x | grep -qIE x 2> /dev/null; then
  set -- grep -nHIE
else
  set -- grep -nHE
fi

problem=$("$@" -e "$pattern" /dev/null 2>&1)
[ $? -lt 2 ] || { echo "$problem"; exit 2; }

case $1 in
  rg) "$@" -e "$pattern" -- "$real" ;;
  *) find "$real" -maxdepth 40 \( -name .git -o -name node_modules -o -path "$real/.outputs" \) -prune -o -type f -exec "$@" -e "$pattern" {} + ;;
esac 2> /dev/null | head -c "$limit"
