/** The parts of X.690's distinguished encoding that certificates are made of; each answers the bytes of one element. */

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...parts)
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...parts)
}

/** An unsigned number from its bytes, the highest first. */
export function integer(bytes: Uint8Array): Uint8Array {
  const isNegative = (bytes[0] ?? 0) >= 0x80
  return element(0x02, isNegative ? Uint8Array.of(0) : new Uint8Array(), bytes)
}

export function truth(): Uint8Array {
  return element(0x01, Uint8Array.of(0xff))
}

/** An object identifier in its dotted spelling. */
export function identifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(inSevens)]))
}

export function text(value: string): Uint8Array {
  return element(0x0c, Buffer.from(value))
}

export function octets(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x04, ...parts)
}

/** `unused` bits at the end of the last byte do not count. */
export function bits(bytes: Uint8Array, unused = 0): Uint8Array {
  return element(0x03, Uint8Array.of(unused), bytes)
}

/** To the second; of two digits for the year until 2049, as RFC 5280 wants it. */
export function time(at: Date): Uint8Array {
  const digits = `${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  return at.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}

/** Tagged by its place; `isWhole` when an element, rather than bytes, stands in it. */
export function tagged(place: number, content: Uint8Array, isWhole: boolean): Uint8Array {
  return element((isWhole ? 0xa0 : 0x80) + place, content)
}

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.from([tag, ...lengthOf(content.length)]), content])
}

function lengthOf(count: number): readonly number[] {
  if (count < 0x80) return [count]
  const bytes: number[] = []
  for (let rest = count; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 + bytes.length, ...bytes]
}

function inSevens(value: number): readonly number[] {
  const groups = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest % 128) + 128)
  return groups
}
