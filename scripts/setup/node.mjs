import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SetupError } from './report.mjs'

/** Compares with the floor that `package.json` names in `engines.node`. */
export async function checkNode({ root, report }) {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const floor = engines.node.replace('>=', '')
  if (isOlder(process.versions.node, floor)) {
    throw new SetupError(
      'node',
      `Node ${process.versions.node} is too old, ${floor} or newer is needed`,
      'Install a current Node from https://nodejs.org and start again.',
    )
  }
  report.done('node', `${process.versions.node} ✓`)
}

/** Whether dotted version `a` comes before `b`; missing parts count as 0. */
export function isOlder(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
