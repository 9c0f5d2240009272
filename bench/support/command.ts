import { listBenchmarks, loadBenchmark } from './catalog.ts'
import { documentFile, writeDocument } from './document.ts'

/** Takes too long to be measured with the others, and settles a question that is closed. */
const apart = ['carrier']

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes('--quick')
  const words = args.filter((word) => word !== '--quick')
  const names = await listBenchmarks()
  const [word = ''] = words
  if (words.length !== 1 || !['all', 'docs', ...names].includes(word)) {
    console.error(`expected all, docs or the name of a benchmark (${names.join(', ')}), and --quick for a smoke run`)
    return 2
  }
  const failed: string[] = []
  for (const name of word === 'all'
    ? names.filter((each) => !apart.includes(each))
    : names.filter((each) => each === word))
    if (!(await isRun(name, quick))) failed.push(name)
  if (word === 'docs' || (word === 'all' && !quick)) {
    await writeDocument()
    console.log(documentFile)
  }
  if (failed.length > 0) console.error(`not measured: ${failed.join(', ')}`)
  return failed.length > 0 ? 1 : 0
}

/** One that fails keeps no other from being measured; its last result stays. */
async function isRun(name: string, quick: boolean): Promise<boolean> {
  try {
    await (await loadBenchmark(name)).run({ quick })
    return true
  } catch (error) {
    console.error(`${name}:`, error)
    return false
  }
}

// What a benchmark leaves behind, a connection or a timer, must not keep the process.
process.exit(await main(process.argv.slice(2)))
