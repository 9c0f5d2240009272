/** Whether two JSON values say the same; the order of keys does not matter. Recursive: only for values of bounded depth. */
export function equals(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const others = new Map(Object.entries(right))
  const entries = Object.entries(left)
  return (
    entries.length === others.size && entries.every(([key, value]) => others.has(key) && equals(value, others.get(key)))
  )
}
