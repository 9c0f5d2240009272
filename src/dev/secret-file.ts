import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'

/** A random secret kept in a file that only its owner can read: made at the first call, the same ever after. */
export async function keepSecret(file: string, prefix: string): Promise<string> {
  const mine = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(mine, `${prefix}${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  try {
    await link(mine, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(mine, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}
