import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { decodeEvent } from '../../src/history/decode.ts'
import type { HistoryItem } from '../../src/history/item.ts'
import type { LogState } from '../../src/session/state.ts'
import { testCodecs } from '../support/codecs.ts'

/** A history as it was recorded, and what the workflow said of its state then. */
export interface KeptHistory {
  readonly name: string
  readonly workflowId: string
  readonly history: History
  readonly state: LogState
}

const FOLDER = fileURLToPath(new URL('histories', import.meta.url))
const HISTORY = '.history.json'

/** Writes `<name>.history.json`, which Temporal's own tools read too, and `<name>.state.json` beside it. */
export async function writeHistory({ name, workflowId, history, state }: KeptHistory): Promise<void> {
  // One event a line: a recording that changes is then a change that a person can read.
  const { events } = JSON.parse(historyToJSON(history)) as { events: readonly object[] }
  // A trace of calls names the folders of whoever recorded it.
  const bare = (key: string, value: unknown): unknown => (key === 'stackTrace' ? '' : value)
  const lines = events.map((event) => JSON.stringify(event, bare)).join(',\n')
  await writeFile(join(FOLDER, `${name}${HISTORY}`), `{"events":[\n${lines}\n]}\n`)
  await writeFile(join(FOLDER, `${name}.state.json`), `${JSON.stringify({ workflowId, state }, null, 1)}\n`)
}

/** Every history that was recorded, by any version. */
export async function readHistories(): Promise<readonly KeptHistory[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(HISTORY)).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const name = file.slice(0, -HISTORY.length)
      const history = historyFromJSON(JSON.parse(await readFile(join(FOLDER, file), 'utf8')))
      const beside: { workflowId: string; state: LogState } = JSON.parse(
        await readFile(join(FOLDER, `${name}.state.json`), 'utf8'),
      )
      return { name, history, ...beside }
    }),
  )
}

/** What of a raw history the log is made of. */
export async function itemsOf({ events }: History): Promise<readonly HistoryItem[]> {
  const items = await Promise.all((events ?? []).map((event) => decodeEvent(event, testCodecs())))
  return items.filter((item) => item !== null)
}
