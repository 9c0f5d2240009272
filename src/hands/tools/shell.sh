# A persistent shell out of one bash per call: loads what the last call left, evaluates $__lh_command, saves on the way
# out. Saving goes to the older of two files, whose last line repeats the number in the first: a save that was cut short
# is never loaded. Carried: folder, variables, functions, aliases, umask. Not carried: options, traps, jobs.
# Everything is called as a builtin, for the command may have defined functions and aliases of any name.

__lh_serial=0
__lh_newest=
for __lh_slot in a b; do
  __lh_lines=()
  { mapfile -t __lh_lines < "/run/longhand/shell.$__lh_slot"; } 2> /dev/null
  if [[ ${#__lh_lines[@]} -gt 1 && ${__lh_lines[0]} == "${__lh_lines[-1]}" ]] && ((${__lh_lines[0]#\# } > __lh_serial)); then
    __lh_serial=${__lh_lines[0]#\# }
    __lh_newest=$__lh_slot
  fi
done
unset __lh_lines __lh_slot
[[ -z $__lh_newest ]] || source "/run/longhand/shell.$__lh_newest" 2> /dev/null

__lh_save() {
  builtin set +euxv
  POSIXLY_CORRECT=1
  # In this mode `unset` cannot be a function.
  \unset -f builtin
  \unset POSIXLY_CORRECT
  builtin local __lh_names __lh_kept __lh_name __lh_slot=a
  [[ $__lh_newest != a ]] || __lh_slot=b
  {
    builtin echo "# $((__lh_serial + 1))"
    builtin umask -p
    builtin printf 'cd -- %q || echo "bash: the working folder is gone, back in $PWD"\n' "$PWD"
    builtin compgen -A variable >| /run/longhand/shell.names
    builtin mapfile -t __lh_names < /run/longhand/shell.names
    __lh_kept=()
    for __lh_name in "${__lh_names[@]}"; do
      case $__lh_name in
        __lh_* | BASH* | COMP_* | DIRSTACK | EPOCH* | EUID | FUNCNAME | GROUPS | HISTCMD | LINENO | LONGHAND_* | PIPESTATUS) ;;
        PPID | PWD | RANDOM | SECONDS | SHELLOPTS | SHLVL | SRANDOM | UID | _) ;;
        *) __lh_kept+=("$__lh_name") ;;
      esac
    done
    builtin declare -p "${__lh_kept[@]}"
    builtin echo 'shopt -s extglob'
    builtin declare -F >| /run/longhand/shell.names
    builtin mapfile -t __lh_names < /run/longhand/shell.names
    for __lh_name in "${__lh_names[@]}"; do
      [[ $__lh_name != *' __lh_save' ]] || builtin continue
      builtin declare -f -- "${__lh_name##* }"
      # With a flag behind the f, as for an exported function, this line sets it; without one it would print.
      [[ $__lh_name == 'declare -f '* ]] || builtin echo "$__lh_name"
    done
    builtin echo 'shopt -u extglob'
    builtin alias -p
    builtin echo "# $((__lh_serial + 1))"
  } >| "/run/longhand/shell.$__lh_slot"
}

trap '{ __lh_save; } 2> /dev/null' EXIT
shopt -s expand_aliases
eval "$__lh_command"
