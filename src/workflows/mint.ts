import { uuid4 } from '@temporalio/workflow'
import { now } from '../wire/clock.ts'
import { formatId } from '../wire/ids.ts'

/** A fresh event id from the workflow's own, replayable, randomness: 96 random bits of a v4 UUID's 122. */
export function mintEventId(): string {
  const digits = uuid4().replaceAll('-', '')
  // Digits 12 and 16 are the version and the variant, which are not random.
  const random = digits.slice(0, 12) + digits.slice(17, 29)
  const bytes = Uint8Array.from(random.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return formatId('sevt', Math.floor(now() / 1000), bytes)
}
