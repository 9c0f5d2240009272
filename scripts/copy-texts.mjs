// Puts what the compiler does not emit beside the emitted code: the shell texts that run inside sandboxes.
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const [from, to] = ['src', 'dist'].map((folder) => new URL(`../${folder}`, import.meta.url).pathname)
for (const entry of readdirSync(from, { recursive: true })) {
  if (!/\.(sh|json)$/.test(entry) || !statSync(join(from, entry)).isFile()) continue
  mkdirSync(dirname(join(to, entry)), { recursive: true })
  copyFileSync(join(from, entry), join(to, entry))
}
