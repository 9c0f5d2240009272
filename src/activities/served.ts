import type { Entry } from '../session/entry.ts'
import { beginningOf } from '../session/parts.ts'
import type { ServedResult } from '../session/served.ts'

/** Characters of a page that clients are shown; the model has read all of it. */
const LONGEST = 100_000

/**
 * A call that the model's API has carried out, as clients see calls: with its result at once, so that it never waits for
 * anybody.
 * @param mint gives a fresh `sevt_…` id.
 */
export function toServedEntries(
  call: { readonly name: string; readonly input: { [key: string]: unknown } },
  result: ServedResult,
  mint: () => string,
): readonly Entry[] {
  const id = mint()
  const { texts, isError } = tell(result)
  return [
    {
      type: 'agent.tool_use',
      id,
      ...call,
      evaluated_permission: 'allow',
      evaluation: { type: 'always_allow' },
    },
    {
      type: 'agent.tool_result',
      id: mint(),
      tool_use_id: id,
      content: texts.filter((text) => text !== '').map((text) => ({ type: 'text', text })),
      is_error: isError,
    },
  ]
}

interface Told {
  readonly texts: readonly string[]
  readonly isError: boolean
}

function tell(result: ServedResult): Told {
  const { content } = result
  if (Array.isArray(content)) {
    const hits = content.map(({ title, url, page_age: age }) => [title, url, ...(age ? [age] : [])].join('\n'))
    return { texts: [hits.join('\n\n') || 'No results.'], isError: false }
  }
  if ('error_code' in content) return { texts: [content.error_code], isError: true }
  const { url, retrieved_at: at, content: page } = content
  const about = [page.title, url, at].filter((line) => line).join('\n')
  const { source } = page
  if (source.type !== 'text') return { texts: [about, `[${source.media_type}]`], isError: false }
  const { data } = source
  const rest = data.length - LONGEST
  return {
    texts: [about, ...(rest > 0 ? [beginningOf(data, LONGEST), `[${rest} more characters]`] : [data])],
    isError: false,
  }
}
