import type { ToolContext } from '../hands.ts'
import { MAIN } from '../recipe.ts'
import type { FieldSchema, ToolDefinition } from './definitions.ts'
import { show } from './input.ts'

/** Of the tools' inputs, in sessions that have more hands than the main one. */
const FIELD = 'environment'

/** The tools as the model is told of them where a call can name the hand that it is for. */
export function aimedDefinitions(
  tools: readonly ToolDefinition[],
  hands: readonly string[],
): readonly ToolDefinition[] {
  const field: FieldSchema = {
    type: 'string',
    enum: [MAIN, ...hands],
    description: `The sandbox to work in; ${MAIN} if left out.`,
  }
  return tools.map(({ input_schema: { properties, ...schema }, ...tool }) => ({
    ...tool,
    input_schema: { ...schema, properties: { ...properties, [FIELD]: field } },
  }))
}

/**
 * The input without the name of the hand, or in words for the model why there is no such hand. Where the session has the
 * main one alone, the input as it is: the tools do not know the field.
 */
export async function takeAim(
  name: string,
  input: unknown,
  { hand = MAIN, hands }: Pick<ToolContext, 'hand' | 'hands'>,
): Promise<{ readonly input: unknown } | { readonly problem: string }> {
  if (!isAimed(input)) return { input }
  const known = (await hands?.()) ?? []
  if (known.length === 0) return { input }
  const { [FIELD]: named, ...rest } = input
  if ((named ?? MAIN) === hand && [MAIN, ...known].includes(hand)) return { input: rest }
  return {
    problem: `${name}: expected ${FIELD} to be one of ${[MAIN, ...known].join(', ')}, got ${show(named)}`,
  }
}

function isAimed(input: unknown): input is Readonly<Record<typeof FIELD, unknown>> {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, FIELD)
}
