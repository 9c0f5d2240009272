import { readFileSync } from 'node:fs'
import { ConfigError, parseFile } from './config.ts'
import type { PriceRow } from './model/prices.ts'
import { parsePrices } from './model/prices.ts'

/**
 * An operator's own prices: TOML, or JSON when the file's name ends so.
 * @throws ConfigError that says what is wrong with the file.
 */
export function readPrices(path: string): readonly PriceRow[] {
  try {
    return parsePrices(parseFile(path, readFileSync(path, 'utf8')))
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`the prices in ${path} cannot be read: ${reason}`, { cause })
  }
}
