// Puts what the compiler does not emit beside the emitted code: shell texts that run inside sandboxes, the schema.
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const [from, to] = ['src', 'dist'].map((folder) => new URL(`../${folder}`, import.meta.url).pathname)
for (const entry of readdirSync(from, { recursive: true })) {
  if (entry.endsWith('.ts') || !statSync(join(from, entry)).isFile()) continue
  mkdirSync(dirname(join(to, entry)), { recursive: true })
  copyFileSync(join(from, entry), join(to, entry))
}
