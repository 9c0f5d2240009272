import { tend } from '../../src/hands/keeper.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import { createCopyStore } from '../../src/keeping.ts'
import { createFolderContents } from '../../src/store/folder-contents.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { silentLog } from '../support/silent-log.ts'
import type { KeeperTask } from './keeper-kills.ts'

const task = JSON.parse(process.argv[2] ?? '') as KeeperTask

/** Ends this process before or behind a step, as a lost machine would: nothing is told to anybody. */
function dying<T extends object>(port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function' || name !== task.step) return method
      return async (...args: unknown[]) => {
        if (task.when === 'before') return die()
        if (task.when === 'amid')
          return method.apply(
            target,
            args.map((arg) => (isStream(arg) ? cutOff(arg) : arg)),
          )
        await method.apply(target, args)
        return die()
      }
    },
  })
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

function isStream(arg: unknown): arg is AsyncIterable<Uint8Array> {
  return typeof arg === 'object' && arg !== null && Symbol.asyncIterator in arg
}

async function* cutOff(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    yield chunk
    await die()
  }
}

await using database = await openDatabase(task.url, silentLog)
const stores = createStores(database)
await tend({
  provider: dying(createLocalProvider({ folder: task.sandboxes })),
  hosts: [{ host: task.host, provider: 'local' }],
  ledger: dying(stores.ledger),
  openCalls: async () => [],
  copies: dying(createCopyStore(stores.files, createFolderContents(task.contents))),
  exclusively: async () => true,
  settings: { idleMs: 15 * 60_000, mostCopied: 100 * 1024 * 1024 },
  log: silentLog,
  refusals: new Map(),
  unheard: new Map(),
  signal: new AbortController().signal,
  now: Date.now(),
})
