import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow'

/** The least that a turn can be: each signal runs one activity that returns at once. */
const { answer } = proxyActivities<{ answer(): Promise<void> }>({ startToCloseTimeout: '1 minute' })

export async function bareSession(): Promise<void> {
  let waiting = 0
  setHandler(defineSignal('go'), () => {
    waiting += 1
  })
  for (;;) {
    await condition(() => waiting > 0)
    waiting -= 1
    await answer()
  }
}
