import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createNamespaceExec, openNamespaceLine } from '../../src/hands/bubblewrap.ts'
import { clearWay } from '../../src/hands/crowd.ts'
import { readScripts } from '../../src/hands/exchange.ts'
import { show, useLocalSandboxes } from './local-sandboxes.ts'
import { run, textOf } from './provider/support.ts'

const sandboxes = useLocalSandboxes()

/** Takes every place for a process, then does what `full` says, in Python; its processes end on SIGKILL. */
const fill = (full: string) => `python3 -c '
import os, signal, sys, time
kids = []
while True:
    try:
        kid = os.fork()
    except OSError:
        break
    if kid == 0:
        time.sleep(300)
        os._exit(0)
    kids.append(kid)
${full}
'`

describe('a crowded sandbox', () => {
  test('is not cleared by a resident that ends', async () => {
    const { row, sandbox } = await sandboxes.open()
    const resident = openNamespaceLine(await sandboxes.inside(row))
    resident.input.write('mark -\nanswer ready\n')
    await once(resident.output, 'data')
    const leave = `open("full", "w").close()
while not os.path.exists("go"): time.sleep(0.01)
for kid in kids: os.kill(kid, signal.SIGKILL)
for kid in kids: os.waitpid(kid, 0)
print("left by itself")`
    const running = run(sandbox, fill(leave))
    await expect.poll(() => existsSync(sandboxes.pathOf(row, 'full'))).toBe(true)
    const ended = once(resident.output, 'close')
    resident.output.resume()
    resident.input.end()
    await ended
    writeFileSync(sandboxes.pathOf(row, 'go'), '')
    const { reason, output } = await running
    expect([reason, show(output)]).toEqual(['exit', 'left by itself\n'])
  })

  test('is told as such by a call whose output cannot be counted any more', async () => {
    const { sandbox } = await sandboxes.open()
    const say = 'sys.stdout.write("x" * 1000000)\nsys.stdout.flush()\ntime.sleep(300)'
    const { reason, output } = await run(sandbox, fill(say), { capBytes: 4_096 })
    expect([reason, show(output)]).toEqual(['crowded', ''])
  })

  test.each([
    ['has as many processes as are to blame is cleared', 0, 'ended\n'],
    ['has fewer is not to blame, and left alone', 128, 'there\n'],
  ])('that %s', async (_, least, left) => {
    const { row, sandbox } = await sandboxes.open()
    await run(sandbox, 'sleep 300 > /dev/null 2>&1 & echo $! > pid')
    const check = () => Promise.resolve({ stdout: new Uint8Array(), stderr: '' })
    await clearWay({ exec: createNamespaceExec(await sandboxes.inside(row)), check, least })
    expect(await textOf(sandbox, 'kill -0 "$(cat pid)" 2> /dev/null && echo there || echo ended')).toBe(left)
  })
})

describe('a call that finds no room', () => {
  const scripts = readScripts('../../src/hands/processes.sh', '../../src/hands/runner.sh', '../../src/hands/crowd.sh')
  /** What make_way does with a call of a folder that `has` fills; of what others do it says the names only. */
  const makeWay = (has: string) => `${scripts}
    d=$PWD/call claimed=yes cap=2048 cat=none keeper=none
    mkdir call
    ${has}
    is_crowded() { :; }
    clear_way() { echo clear_way; }
    work() { echo "work $(cat "$d/end" 2> /dev/null)"; }
    report() { echo report; }
    finish_crowded() { echo finish_crowded; }
    make_way`

  test.each([
    ['had not begun begins', ':', 'clear_way\nwork \nreport\n'],
    ['had not begun is not taken for ended', 'echo crowded > call/end', 'clear_way\nwork \nreport\n'],
    ['had not begun is not taken for lost', 'echo lost > call/end', 'clear_way\nwork \nreport\n'],
    ['was given up before stays so', 'echo cancelled > call/end', 'clear_way\nwork cancelled\nreport\n'],
    ['has begun is over', 'echo 999999 > call/pid', 'finish_crowded\nclear_way\nreport\n'],
    ['has begun on a full disk is over', ': > call/pid', 'finish_crowded\nclear_way\nreport\n'],
  ])('and %s', async (_, has, said) => {
    const { sandbox } = await sandboxes.open()
    expect(await textOf(sandbox, makeWay(has))).toBe(said)
  })

  test.each([
    ['does not begin where it cannot leave a sign of that', 'chmod 555 call', '126\n'],
    ['begins on a full disk, where the sign is empty', ': > call/pid; chmod 444 call/pid', 'ran\n0\n'],
  ])('and %s', async (_, has, said) => {
    const { sandbox } = await sandboxes.open()
    const command = `${scripts}
      mkdir call
      echo 'echo ran' > text
      ${has}
      sh -c "$start_command$run_text_sh" sh "$PWD/call" "$PWD/text" 2> /dev/null
      echo $?`
    expect(await textOf(sandbox, command)).toBe(said)
  })

  test.each([
    ['crowded', ':', '137\ncrowded\n'],
    ['any other', 'false', '137\nlost\n'],
  ])('beside the command ends it, and says that it did not end by itself: %s', async (_, isCrowded, told) => {
    const { sandbox } = await sandboxes.open()
    const command = `${scripts}
      d=$PWD
      is_crowded() { ${isCrowded}; }
      setsid sleep 300 & echo $! > pid
      until kill -0 "-$!" 2> /dev/null; do :; done
      stop_command
      wait $! 2> /dev/null
      echo $?
      cat end`
    expect(await textOf(sandbox, command)).toBe(told)
  })
})
