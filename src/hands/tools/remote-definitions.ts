import type { FieldSchema, ToolDefinition } from './definitions.ts'
import { toolDefinitions } from './definitions.ts'

/** What each tool does wherever it runs: limits, folders and formats are for whoever runs it to say. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  bash: 'Runs a command in a persistent bash shell: working folder and variables carry over from call to call. Output is stdout and stderr; a long one is cut. A non-zero exit status is reported as an error together with the output. There is no terminal and no input.',
  read: 'Reads a text file and returns its lines as they are, without numbers. A large file is refused: to see a part, give view_range.',
  write: 'Writes a whole text file, replacing what was there, and makes the folders it needs.',
  edit: 'Replaces a piece of text in a file. old_string must stand in the file exactly as given, spaces and line breaks included, and only once: give enough of its surroundings, or set replace_all. new_string is inserted literally.',
  glob: 'Finds files by name, the most recently changed first. The pattern is relative and knows *, ? and ** for any number of folders; .git and node_modules are not searched.',
  grep: 'Searches the content of files for a regular expression and returns matches as file:line:text.',
}

const FIELDS: Readonly<Record<string, string>> = {
  file_path: 'The file: absolute, or relative to the working folder.',
  path: 'Where to search; the working folder if left out.',
  restart: 'Start again with a fresh shell. Runs before `command`, if there is one.',
  timeout_ms: 'Time limit for this command in milliseconds.',
}

/** The tools as the model is told of them where they run on a machine of the user's: the same names and inputs. */
export const remoteToolDefinitions: readonly ToolDefinition[] = toolDefinitions.map(toRemote)

function toRemote({ name, description, input_schema: schema }: ToolDefinition): ToolDefinition {
  const properties = Object.entries(schema.properties).map(([field, one]): [string, FieldSchema] => [
    field,
    { ...one, description: FIELDS[field] ?? one.description },
  ])
  return {
    name,
    description: DESCRIPTIONS[name] ?? description,
    input_schema: { ...schema, properties: Object.fromEntries(properties) },
  }
}
