// Loaded into a server before its own code: on SIGUSR2 it collects its garbage and writes its memory, in bytes, to the
// file that BENCH_MEMORY names, with its process id behind.
import { renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const file = process.env.BENCH_MEMORY
if (file !== undefined) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  process.on('SIGUSR2', () => {
    collect()
    collect()
    const { rss, heapUsed, external } = process.memoryUsage()
    writeFileSync(`${file}.part`, JSON.stringify({ rss, heapUsed, external }))
    renameSync(`${file}.part`, `${file}.${process.pid}`)
  })
}
