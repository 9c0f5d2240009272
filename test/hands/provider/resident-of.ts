/** Prints the pid of the resident that serves the call `id`: the parent of the process that has claimed it. */
export function residentOf(id: string): string {
  return `ps -o ppid= -p "$(cut -d ' ' -f 1 /run/longhand/calls/${id}/worker)" | tr -d ' '`
}
