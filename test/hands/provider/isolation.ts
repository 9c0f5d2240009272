import { expect, test } from 'vitest'
import { show } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, shared, textOf } from './support.ts'

/** Those that kernels put, down, into every new network. */
const withoutTunnels = `grep -vE '^(tunl|sit|ip6tnl|gre|gretap|erspan|ip_vti|ip6_vti|ip6gre)0$'`

export function isolation(setup: SandboxProviderSetup): void {
  test('hides the environment of the worker, in every process that can be seen', async () => {
    const canary = `canary-${process.pid}-in-the-coal-mine`
    process.env['LONGHAND_TEST_CANARY'] = canary
    try {
      const { sandbox } = await setup.open()
      const search = `env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'`
      const seen = await textOf(sandbox, search)
      expect(seen).not.toContain(canary)
      const control = await run(sandbox, search, { env: { CONTROL: canary } })
      expect(show(control.output)).toContain(canary)
      expect((await textOf(sandbox, 'env | cut -d= -f1 | sort')).trim().split('\n')).toEqual([
        'HOME',
        'LANG',
        'LOGNAME',
        'LONGHAND_CALL',
        'PATH',
        'PWD',
        'SHELL',
        'TERM',
        'USER',
      ])
    } finally {
      delete process.env['LONGHAND_TEST_CANARY']
    }
  })

  test.each([
    ['no network but loopback', `tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | ${withoutTunnels}`, 'lo\n'],
    ['no route', 'tail -n +2 /proc/net/route', ''],
    ['no capability', `grep -c 'Cap\\(Prm\\|Eff\\|Inh\\|Amb\\):.0000000000000000' /proc/self/status`, '4\n'],
    ['no way to new privileges', `grep NoNewPrivs /proc/self/status | tr -d '\\t'`, 'NoNewPrivs:1\n'],
    ['an ordinary user', 'id -u; id -un; id -g', '1000\nagent\n1000\n'],
    ['its own host name', 'cat /proc/sys/kernel/hostname', 'sandbox\n'],
    ['its own processes', '[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 40 ] && echo few', 'few\n'],
    ['a read-only system', 'touch /usr/x /etc/x /x /dev/x 2>&1 | wc -l', '4\n'],
    ['no setuid program that works', 'find /usr/bin/su -perm -4000 -exec su -c id \\; 2>&1 | grep -c uid=0', '0\n'],
  ])('gives %s', async (_, command, expected) => {
    const { sandbox } = await shared(setup)
    expect(await textOf(sandbox, command)).toBe(expected)
  })

  test('keeps the files and processes of two sessions apart', async () => {
    const [one, other] = [await setup.open(), await setup.open()]
    const mark = `mark${process.pid}`
    const places = '/workspace /tmp /home/agent /dev/shm /run /var/tmp'
    const sleeping = `sleep 60.${process.pid}`
    await textOf(one.sandbox, `${sleeping} > /dev/null 2>&1 & for at in ${places}; do echo x > $at/${mark}; done`)
    const files = `find ${places} -name '${mark}' 2>/dev/null`
    // The brackets keep the search from finding itself.
    const processes = `cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o '[s]leep 60.${process.pid}'`
    expect(await textOf(one.sandbox, files)).toContain(`/workspace/${mark}\n`)
    expect(await textOf(one.sandbox, processes)).toBe(`${sleeping}\n`)
    expect(await textOf(other.sandbox, `${files}; ${processes}; true`)).toBe('')
  })

  test.each([
    ['that fills up once', 'sh', 'n=0; while [ $n -lt 700 ]; do sleep 20 & n=$((n+1)); done 2>&1 | tail -n 1'],
    ['that doubles', 'bash', ':(){ :|:& };:'],
  ] as const)('stops a fork bomb %s at its own limit and goes on', { timeout: 90_000 }, async (_, shell, bomb) => {
    const { sandbox } = await setup.open()
    const result = await run(sandbox, `echo ran >> ledger; ${bomb}`, { shell })
    expect(['exit', 'timeout', 'crowded']).toContain(result.reason)
    expect(await textOf(sandbox, 'cat ledger; echo alive')).toBe('ran\nalive\n')
  })

  /** Takes every place that gets free, until it is ended. */
  const hog = `python3 -c '
import os, time
while True:
    try:
        if os.fork() == 0:
            time.sleep(300)
            os._exit(0)
    except OSError:
        open("full", "w").close()
        time.sleep(0.001)
'`

  test(
    'tells once that there was no room for another process, of whatever call met it',
    { timeout: 90_000 },
    async () => {
      const { sandbox } = await setup.open()
      const command = `echo ran >> ledger; echo before; ${hog} & until [ -e full ]; do :; done`
      const request = { id: 'hog', command, timeoutMs: 60_000, capBytes: 102_400 }
      const { reason, output } = await sandbox.run(request)
      expect(show(output)).toBe('before\n')
      expect(await sandbox.run(request)).toMatchObject({ reason, first: false })
      const next = await run(sandbox, 'cat ledger')
      expect([show(next.output), next.reason]).toEqual(['ran\n', 'exit'])
      // What runs beside a command meets it before its end or not at all; the next call does in any case.
      expect([reason, next.isCleared]).toEqual(reason === 'crowded' ? ['crowded', false] : ['exit', true])
      expect(await run(sandbox, 'true')).toMatchObject({ reason: 'exit', isCleared: false })
    },
  )
}
