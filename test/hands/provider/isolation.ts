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

  test('stops a fork bomb at its own limit and goes on', async () => {
    const { sandbox } = await setup.open()
    const bomb = 'n=0; while [ $n -lt 700 ]; do sleep 20 & n=$((n+1)); done 2>&1 | tail -n 1'
    const result = await run(sandbox, bomb, { timeoutMs: 5_000 })
    expect(['exit', 'timeout', 'lost']).toContain(result.reason)
    expect(await textOf(sandbox, 'echo alive')).toBe('alive\n')
  })
}
