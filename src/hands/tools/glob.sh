# Follows paths.sh, $path set and, as positional parameters, what `find` asks of a file beside being one. Lists
# "MTIME ./PATH" for at most $limit regular files below it, or the word for what is wrong with it.
locate "$path" || { echo "$problem"; exit 3; }
[ -e "$real" ] || { echo missing; exit 3; }
[ -d "$real" ] || { echo file; exit 3; }
cd "$real" || { echo denied; exit 3; }
echo "$real"
find . -mindepth 1 -maxdepth 40 \( -name .git -o -name node_modules -o -name '*
*' \) -prune -o -type f "$@" -exec stat -c '%.9Y %n' {} + 2> /dev/null | head -n "$limit"
