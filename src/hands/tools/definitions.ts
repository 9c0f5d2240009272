/** The part of JSON Schema that tool inputs need. */
export type FieldSchema =
  | {
      readonly type: 'string'
      readonly minLength?: number
      readonly enum?: readonly string[]
      readonly description: string
    }
  | { readonly type: 'boolean'; readonly description: string }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number; readonly description: string }
  | {
      readonly type: 'array'
      readonly items: { readonly type: 'integer' }
      readonly minItems: number
      readonly maxItems: number
      readonly description: string
    }

/** A tool as the model is told of it, in the form that the Messages API takes. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  readonly input_schema: {
    readonly type: 'object'
    readonly properties: Readonly<Record<string, FieldSchema>>
    readonly required: string[]
  }
}

const WRITTEN = '/workspace, /tmp or /mnt/session/outputs'
const READ = `/mnt/session/uploads, ${WRITTEN}`

const filePath = (what: string, folders: string): FieldSchema => ({
  type: 'string',
  minLength: 1,
  description: `${what}: absolute, or relative to /workspace. Must be inside ${folders}.`,
})

/** Plain data, free of Node: names and fields are those of `agent_toolset_20260401`. */
export const toolDefinitions: readonly ToolDefinition[] = [
  {
    name: 'bash',
    description:
      'Runs a command in a persistent bash shell in your sandbox. The working folder, variables, functions and aliases carry over from call to call; it starts in /workspace. Output is stdout and stderr as they came; of more than 100,000 characters you see the beginning and the end, and the output (up to 10 MiB) is in a file under /workspace/.outputs, where the newest 20 stay. A non-zero exit status is reported as an error together with the output. There is no terminal and no input: a command that asks a question reads end-of-file. To leave something running, start it in the background and redirect its output to a file. A command that exceeds its time limit is ended with everything it started; the shell keeps its state.',
    input_schema: {
      type: 'object',
      properties: {
        command: { type: 'string', description: 'The command to run; any number of lines.' },
        restart: {
          type: 'boolean',
          description:
            'Start again with a fresh shell and end what earlier commands left running. Files stay. Runs before `command`, if there is one.',
        },
        timeout_ms: {
          type: 'integer',
          minimum: 1,
          maximum: 3_600_000,
          description: 'Time limit for this command in milliseconds; 120000 if left out.',
        },
      },
      required: [],
    },
  },
  {
    name: 'read',
    description:
      'Reads a text file and returns its lines as they are, without numbers. Of a text of more than 100,000 characters you see the beginning and the end, and a file of more than 256 KiB is refused: to see a part, give view_range. Bytes that are not UTF-8 appear as U+FFFD.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: filePath('The file to read', READ),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          minItems: 2,
          maxItems: 2,
          description:
            '[first, last] line, counted from 1, both included. A last line of 0 or less means the end of the file.',
        },
      },
      required: ['file_path'],
    },
  },
  {
    name: 'write',
    description:
      'Writes a whole text file, replacing what was there, and makes the folders it needs. The file is replaced in one step and keeps its permissions. To change a part of an existing file use edit.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: filePath('The file to write', WRITTEN),
        content: { type: 'string', description: 'The complete new content.' },
      },
      required: ['file_path', 'content'],
    },
  },
  {
    name: 'edit',
    description:
      'Replaces a piece of text in a file of up to 256 KiB. old_string must stand in the file exactly as given, spaces and line breaks included, and only once: give enough of its surroundings, or set replace_all. new_string is inserted literally.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: filePath('The file to change', WRITTEN),
        old_string: { type: 'string', minLength: 1, description: 'The text to replace.' },
        new_string: { type: 'string', description: 'What stands there afterwards; may be empty.' },
        replace_all: { type: 'boolean', description: 'Replace every occurrence instead of the only one.' },
      },
      required: ['file_path', 'old_string', 'new_string'],
    },
  },
  {
    name: 'glob',
    description:
      'Finds files by name. Returns the absolute paths of at most 200 regular files, the most recently changed first. The pattern is relative and knows *, ?, [abc], {a,b} and ** for any number of folders; * and ** leave out names that begin with a dot, and .git and node_modules are never searched.',
    input_schema: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'For example `src/**/*.ts`.' },
        path: filePath('The folder to search in, /workspace if left out', READ),
      },
      required: ['pattern'],
    },
  },
  {
    name: 'grep',
    description:
      'Searches the content of files for a regular expression and returns matches as file:line:text; of more than 100,000 characters you see the beginning and the end, and the matches (up to 2 MiB) are in a file under /workspace/.outputs. .git and node_modules are left out, and so are binary files.',
    input_schema: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'The regular expression.' },
        path: filePath('The file or folder to search in, /workspace if left out', READ),
      },
      required: ['pattern'],
    },
  },
]
