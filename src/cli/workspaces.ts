import { toColumns } from './columns.ts'
import { EXIT } from './exit.ts'

interface Workspace {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
}

export interface WorkspaceRegister {
  readonly store: {
    /** Null when the name is taken. */
    createWorkspace(id: string, name: string): Promise<Workspace | null>
    workspaces(): Promise<readonly Workspace[]>
  }
  readonly mintId: (prefix: 'key' | 'wrkspc') => string
  /** One line of JSON on stdout instead of lines to read. */
  readonly json: boolean
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

const NAME_LENGTH = 100

/** Makes a workspace and prints its id. Resolves with the exit code: 0, 2 for a bad name, 1 for one that is taken. */
export async function createWorkspace(register: WorkspaceRegister, name: string): Promise<number> {
  const { store, mintId, json, print, warn } = register
  const fault = faultInName(name)
  if (fault !== undefined) {
    warn(fault)
    return EXIT.usage
  }
  const workspace = await store.createWorkspace(mintId('wrkspc'), name)
  if (workspace === null) {
    warn(`there is a workspace named ${JSON.stringify(name)}, in this case or another: see longhand workspaces list`)
    return EXIT.failed
  }
  print(json ? JSON.stringify(toJson(workspace)) : workspace.id)
  return EXIT.done
}

/** Prints the workspaces. Resolves with the exit code 0. */
export async function listWorkspaces({ store, json, print }: WorkspaceRegister): Promise<number> {
  const workspaces = await store.workspaces()
  const rows = workspaces.map(({ id, name, createdAt }) => [id, name, createdAt.toISOString()])
  const lines = json ? [JSON.stringify(workspaces.map(toJson))] : toColumns([['ID', 'NAME', 'CREATED'], ...rows])
  for (const line of lines) print(line)
  return EXIT.done
}

/** The id of the workspace that has this id, or else this name; undefined, and a word of it, when there is none. */
export async function findWorkspace(
  { store, warn }: WorkspaceRegister,
  reference: string,
): Promise<string | undefined> {
  const workspaces = await store.workspaces()
  const isNamed = ({ name }: Workspace): boolean => name.toLowerCase() === reference.toLowerCase()
  const found = workspaces.find(({ id }) => id === reference) ?? workspaces.find(isNamed)
  if (found === undefined) warn(`no workspace ${JSON.stringify(reference)}: see longhand workspaces list`)
  return found?.id
}

/** What is wrong with the name of a key or a workspace, in words. */
export function faultInName(name: string): string | undefined {
  if (name.trim() !== name || name === '' || name.length > NAME_LENGTH || /\p{C}/u.test(name))
    return `a name is 1 to ${NAME_LENGTH} printable characters with no space around them`
  if (/^(key|wrkspc)_/.test(name)) return 'a name cannot begin as an id does, with key_ or wrkspc_'
  return undefined
}

function toJson({ id, name, createdAt }: Workspace): object {
  return { id, name, created_at: createdAt }
}
