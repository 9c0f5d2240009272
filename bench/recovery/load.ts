import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import type { Scene } from './scene.ts'
import type { Timeouts } from './timeouts.ts'
import { addTimeouts } from './timeouts.ts'
import type { Watched } from './watched.ts'

export interface LoadOptions {
  readonly sessions: number
  readonly seconds: number
}

export interface LoadResult extends Timeouts {
  readonly turns: number
}

/** Turns of which two of three are longer than the time-out of a missing beat. */
const programs = [
  '#program\nSAY quick',
  '#program\nSLEEP 4000\nSAY slow',
  `#program\nTOOL bash {"command":"sleep 4"}\nSAY ran`,
]

/** Turns in all sessions at once while every core is kept busy by somebody else; nobody is killed. */
export async function runLoad(scene: Scene, { sessions, seconds }: LoadOptions): Promise<LoadResult> {
  const watched = await Promise.all(Array.from({ length: sessions }, () => scene.createSession()))
  try {
    await using _burning = burn()
    const until = Date.now() + seconds * 1000
    const turns = await Promise.all(watched.map((session, index) => converse(scene, session, { index, until })))
    const counted = await Promise.all(watched.map(({ id }) => scene.timeouts(id)))
    return { ...addTimeouts(counted), turns: turns.reduce((sum, count) => sum + count, 0) }
  } finally {
    await Promise.all(watched.map((session) => session[Symbol.asyncDispose]()))
  }
}

async function converse(
  scene: Scene,
  session: Watched,
  { index, until }: { readonly index: number; readonly until: number },
): Promise<number> {
  let turns = 0
  while (Date.now() < until) {
    await scene.converse(session, programs[(index + turns) % programs.length] ?? '')
    turns += 1
  }
  return turns
}

/** As many processes as there are cores, each of which wants one for itself. */
function burn(): AsyncDisposable {
  const burners = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }),
  )
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(
        burners.map((burner) => {
          const ended = once(burner, 'exit')
          burner.kill('SIGKILL')
          return ended
        }),
      )
    },
  }
}
