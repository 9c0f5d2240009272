import { isAbsolute, normalize, resolve } from 'node:path'
import { readBucketPlace } from './store/s3/place.ts'

/** What the text of a setting has to be. */
export interface Kind<T> {
  /** In words, behind "must be". */
  readonly expected: string
  /** `undefined` when the text is not what `expected` says. */
  readonly parse: (text: string) => T | undefined
}

/** Without a user and password: what a connection fails on is told to clients of the session. */
export function modelUrl(): Kind<string> {
  const { expected, parse: parseUrl } = url('http:', 'https:')
  const isOpen = (value: string): boolean => new URL(value).username === '' && new URL(value).password === ''
  return {
    expected: `${expected}, without user and password`,
    parse: (value) => (parseUrl(value) !== undefined && isOpen(value) ? value : undefined),
  }
}

/** Without anything that would have to stand elsewhere in what is made of it. */
export function baseUrl(): Kind<string> {
  const { expected, parse: parseUrl } = url('http:', 'https:')
  return {
    expected: `${expected}, without user, query and fragment`,
    parse(value) {
      if (parseUrl(value) === undefined || /[?#]/.test(value)) return undefined
      const { username, password, href } = new URL(value)
      return username === '' && password === '' ? href.replace(/\/+$/, '') : undefined
    },
  }
}

export function url(...protocols: string[]): Kind<string> {
  return {
    expected: `a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    parse: (value) => (URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : undefined),
  }
}

/** Less would end what it is the limit of before it has done anything. */
export function atLeast(least: number): Kind<number> {
  return {
    expected: `a whole number of at least ${least}`,
    parse: (value) => ((parseCount(value) ?? 0) < least ? undefined : parseCount(value)),
  }
}

export function parseCount(value: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
}

/** @param digits at most */
export function whole(unit: string, digits: number): Kind<number> {
  const isWhole = (value: string): boolean => /^\d+$/.test(value) && value.length <= digits
  return { expected: `whole ${unit}`, parse: (value) => (isWhole(value) ? Number(value) : undefined) }
}

export function parsePort(value: string): number | undefined {
  const port = Number(value)
  return /^\d+$/.test(value) && port <= 65_535 ? port : undefined
}

export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return {
    expected: `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`,
    parse: (value) => names.find((name) => name === value),
  }
}

export function parseBlobs(value: string): string | undefined {
  if (value.startsWith('s3://')) return readBucketPlace(value) && value
  return value.includes('://') ? undefined : value && resolve(value)
}

/** On another machine, whose working folder is none of ours. */
export function absolutePath(): Kind<string> {
  return { expected: 'an absolute path', parse: (value) => (isAbsolute(value) ? normalize(value) : undefined) }
}

/** It is part of a task queue's name. */
export function hostName(): Kind<string> {
  return {
    expected: 'a name of a-z, 0-9, . and -, at most 63 characters',
    parse: (value) => (/^[a-z0-9][a-z0-9.-]{0,62}$/.test(value) ? value : undefined),
  }
}

export function parseNames(value: string): ReadonlyMap<string, string> | undefined {
  const pairs = value.split(',').map((pair) => /^\s*([^=\s]+)\s*=\s*([^\s]+)\s*$/.exec(pair))
  return pairs.every((pair) => pair !== null)
    ? new Map(pairs.map(([, name = '', there = '']) => [name, there]))
    : undefined
}

export function parseKey(value: string): Uint8Array | undefined {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === value ? bytes : undefined
}
