import { describe, expect, test } from 'vitest'
import type { Incoming } from '../../src/session/arrival.ts'
import type { LogEntry, Manner } from '../../src/session/transcript.ts'
import { systemSaid, transcript } from '../../src/session/transcript.ts'
import { faultsOfConversation } from '../support/conversation.ts'
import {
  POLICY,
  answerEntries,
  arrived,
  emptyState,
  interrupt,
  message,
  outline,
  recorded,
  resultEntry,
  startSession,
  summaryEntries,
  systemMessage,
} from '../support/session-builders.ts'

const RUNNING = ['session.status_running', 'session.thread_status_running']
const IDLE = ['session.thread_status_idle end_turn', 'session.usage', 'session.status_idle end_turn']
const SYSTEM: Manner = { system: true }

function spokenTo(takesSystem = true, steering: 'step' | 'turn' = 'step') {
  return startSession({ policy: { ...POLICY, steering } }, emptyState({ takesSystem }))
}

describe('a system message', () => {
  test('that comes alone takes effect and starts no turn', () => {
    const session = spokenTo()
    expect(outline(session.pass(arrived(systemMessage('s1'))))).toEqual(['log.mark s1'])
    expect(session.state).toMatchObject({ status: 'idle', phase: 'idle', queue: [] })
    expect(outline(session.pass(arrived(message('m1'))))).toEqual([
      ...RUNNING,
      'log.mark m1',
      'span.model_request_start',
    ])
  })

  test('counts as the user’s in sessions from before clients could send one', () => {
    const decided = startSession().pass(arrived(systemMessage('s1')))
    expect(outline(decided)).toEqual([...RUNNING, 'log.mark s1', 'span.model_request_start'])
  })

  test.each(['step', 'turn'] as const)('goes with the message before it, where messages steer the %s', (steering) => {
    const decided = spokenTo(true, steering).pass(arrived(message('m1')), arrived(systemMessage('s1')))
    expect(outline(decided)).toEqual([...RUNNING, 'log.mark m1', 'log.mark s1', 'span.model_request_start'])
  })

  test.each([
    ['step', ['log.mark m2', 'log.mark s2', 'span.model_request_start']],
    ['turn', ['span.model_request_start']],
  ] as const)('stays behind a message that waits for the next %s', (steering, expected) => {
    const session = spokenTo(true, steering)
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    session.pass(arrived(message('m2')), arrived(systemMessage('s2')))
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(expected)
  })

  test('is taken up at the next step, behind the results', () => {
    const session = spokenTo()
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    expect(session.pass(arrived(systemMessage('s1')))).toEqual([])
    expect(outline(session.pass(recorded(resultEntry('c1'))))).toEqual(['log.mark s1', 'span.model_request_start'])
  })

  test.each(['step', 'turn'] as const)('does not keep a turn from its end, where messages steer the %s', (steering) => {
    const session = spokenTo(true, steering)
    session.pass(arrived(message('m1')))
    session.pass(arrived(systemMessage('s1')))
    const decided = outline(session.answer({ text: 'done' }))
    expect(decided).toEqual(steering === 'step' ? ['log.mark s1', ...IDLE] : [...IDLE, 'log.mark s1'])
    expect(session.state.queue).toEqual([])
  })

  test('goes on with the message behind it at the end of a turn', () => {
    const session = spokenTo()
    session.pass(arrived(message('m1')))
    session.pass(arrived(systemMessage('s1')), arrived(message('m2')))
    expect(outline(session.answer({ text: 'done' }))).toEqual([
      'log.mark s1',
      'log.mark m2',
      'span.model_request_start',
    ])
  })

  test('takes effect behind an interrupt, without a turn', () => {
    const session = spokenTo()
    session.pass(arrived(message('m1')))
    const decided = outline(session.pass(arrived(interrupt('i1')), arrived(systemMessage('s1'))))
    expect(decided.slice(-4)).toEqual([...IDLE, 'log.mark s1'])
  })

  const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
  const texts = Array.from({ length: 1001 }, () => ({ type: 'text', text: 'x' }))

  test.each<{ name: string; takesSystem: boolean; content?: readonly object[]; reason: RegExp }>([
    { name: 'a model that takes none', takesSystem: false, reason: /^client: the model .* takes no system messages; / },
    {
      name: 'an image in it',
      takesSystem: true,
      content: [image],
      reason: /^client: a system message holds 1 to 1000/,
    },
    { name: 'more texts than it may have', takesSystem: true, content: texts, reason: /holds 1 to 1000 texts/ },
  ])('of a plain client is dropped, and told, for $name', ({ takesSystem, content, reason }) => {
    const session = spokenTo(takesSystem)
    const event = { ...systemMessage('s1'), ...(content ? { content } : {}) } as Incoming
    const decided = session.pass(arrived(event), arrived(systemMessage('s2')))
    expect(outline(decided).slice(0, 2)).toEqual(['session.error exhausted', 'log.mark s1 dropped'])
    const [reported] = decided.flatMap((entry) => (entry.type === 'session.error' ? [entry.error.message] : []))
    expect(reported).toMatch(reason)
    expect(outline(decided).slice(2)).toEqual([takesSystem ? 'log.mark s2' : 'log.mark s2 dropped'])
  })
})

/** Marked inputs stand in the log as the events themselves. */
function heard(...events: readonly object[]): readonly LogEntry[] {
  return events as LogEntry[]
}

function told(log: readonly LogEntry[], manner = SYSTEM): readonly string[] {
  return transcript(log, manner).map(({ role, content }) => {
    const texts = typeof content === 'string' ? [content] : content.map((block) => ('text' in block ? block.text : '#'))
    return `${role}: ${texts.join(', ')}`
  })
}

describe('a transcript with system messages', () => {
  const done = answerEntries({ request: 'r1', text: 'done' })

  test.each<{ name: string; log: readonly LogEntry[]; says: readonly string[] }>([
    {
      name: 'one behind the message that it goes with',
      log: heard(message('m1', 'do'), systemMessage('s1', 'and beware')),
      says: ['user: do', 'system: and beware'],
    },
    {
      name: 'several of one turn together, behind all messages',
      log: heard(message('m1', 'do'), systemMessage('s1', 'mind'), message('m2', 'more'), systemMessage('s2', 'gap')),
      says: ['user: do', 'user: more', 'system: mind, gap'],
    },
    {
      name: 'one from before the first message behind that',
      log: heard(systemMessage('s1', 'beware'), message('m1', 'do')),
      says: ['user: do', 'system: beware'],
    },
    { name: 'none that has no message yet', log: heard(systemMessage('s1', 'beware')), says: [] },
    {
      name: 'one from between the turns behind the next message, and then for ever',
      log: [
        ...heard(message('m1', 'do')),
        ...done,
        ...heard(systemMessage('s1', 'beware'), message('m2', 'more')),
        ...answerEntries({ request: 'r2', text: 'well' }),
        ...heard(message('m3', 'again')),
      ],
      says: ['user: do', 'assistant: done', 'user: more', 'system: beware', 'assistant: well', 'user: again'],
    },
    {
      name: 'one behind the results of a step',
      log: [
        ...heard(message('m1', 'do')),
        ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] }),
        resultEntry('c1'),
        ...heard(systemMessage('s1', 'beware')),
      ],
      says: ['user: do', 'assistant: #', 'user: #', 'system: beware'],
    },
  ])('has $name', ({ log, says }) => {
    expect(told(log)).toEqual(says)
    expect(told([...log, ...heard(message('m9', 'on'))]).length).toBeGreaterThan(0)
    expect(faultsOfConversation(transcript([...log, ...heard(message('m9', 'on'))], SYSTEM))).toEqual([])
  })

  test('keeps them through summaries, each once', () => {
    const first = [
      ...heard(message('m1', 'do'), systemMessage('s1', 'beware')),
      ...done,
      ...heard(message('m2', 'more'), systemMessage('s2', 'be brief')),
    ]
    expect(systemSaid(first, SYSTEM)).toEqual(['beware'])
    const summarised = [...first, ...summaryEntries({ request: 'r8', text: 'sum' }, systemSaid(first, SYSTEM))]
    expect(told(summarised)).toEqual(['user: So far:, sum', 'user: more', 'system: beware, be brief'])
    expect(systemSaid(summarised, SYSTEM)).toEqual([])
    const again = [...summarised, ...summaryEntries({ request: 'r9', text: 'sum' }, systemSaid(summarised, SYSTEM))]
    expect(told(again)).toEqual(['user: So far:, sum', 'user: more', 'system: beware, be brief'])
    const answered = [...again, ...answerEntries({ request: 'r10', text: 'well' })]
    expect(systemSaid(answered, SYSTEM)).toEqual(['beware', 'be brief'])
  })

  test('cuts long ones where nothing else makes it fit', () => {
    const cut = { type: 'log.trimmed', keep_rounds: 0, text: '(left out)', longest: 3 } as const
    expect(told([...heard(message('m1', 'do'), systemMessage('s1', 'x'.repeat(20))), cut])).toEqual([
      'user: do',
      'system: xxx\n(left out)',
    ])
  })
})
