import { describe, expect, test } from 'vitest'
import { CargoRefused } from '../../../src/hands/cargo.ts'
import { createSandboxHands } from '../../../src/hands/sandbox-hands.ts'
import { defaultLimits, labels } from '../../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../../src/hands/docker/docker.ts'
import { createEngine } from '../../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../../src/hands/docker/image.ts'
import { demultiplex, readAll } from '../../../src/hands/docker/multiplex.ts'
import { readScripts } from '../../../src/hands/exchange.ts'
import { SandboxLost } from '../../../src/hands/sandbox.ts'
import { sandboxProviderSuite } from '../../suites/sandbox-provider.ts'
import { hasDocker } from '../../support/docker.ts'
import { useDockerSandboxes } from '../docker-sandboxes.ts'
import { createFakeBindings } from '../fake-bindings.ts'
import { openSandbox, show } from '../local-sandboxes.ts'
import { run, textOf } from '../provider/support.ts'
import { inPieces } from '../tar-builders.ts'

const MiB = 1024 * 1024
const small = { ...defaultLimits, memory: 192 * MiB, tmp: 48 * MiB, home: 16 * MiB, runner: 16 * MiB, shm: 16 * MiB }
const fork = '(trap "" TERM; sleep 20) &'

describe.runIf(await hasDocker())('Docker', () => {
  const sandboxes = useDockerSandboxes()
  const { docker, installation, provider } = sandboxes

  sandboxProviderSuite(sandboxes)

  describe('a container', () => {
    test('holds what was asked for, as the daemon tells it', async () => {
      const { row } = await sandboxes.open()
      const { HostConfig: host, Config: config, Mounts: mounts } = await docker.getContainer(row.reference).inspect()
      expect(host).toMatchObject({
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        Init: true,
        Privileged: false,
        PidMode: '',
        CgroupnsMode: 'private',
        RestartPolicy: { Name: 'no' },
        LogConfig: { Type: 'none' },
        Binds: null,
        Devices: null,
      })
      expect(mounts.map(({ Type, Destination }) => `${Type} ${Destination}`).toSorted()).toEqual([
        'volume /mnt/session',
        'volume /workspace',
      ])
      const names = ['HOME', 'HOSTNAME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']
      expect(new Set(config.Env.map((line) => line.split('=')[0]))).toEqual(new Set(names))
    })

    test('keeps process 1 out of the agent’s reach', async () => {
      const { sandbox } = await sandboxes.open()
      const reach = 'cat /proc/1/environ; ls /proc/1/root /proc/1/fd; kill -9 1; grep ^Uid: /proc/1/status'
      const seen = await textOf(sandbox, reach)
      expect(seen.match(/Permission denied|not permitted/g)).toHaveLength(4)
      expect(seen).toContain('Uid:\t65534\t65534\t65534\t65534')
    })

    test('shows nothing of the host’s name servers', async () => {
      const { sandbox } = await sandboxes.open()
      expect(await textOf(sandbox, 'grep -v "^#" /etc/resolv.conf')).toMatch(
        /^(search \.\n)?nameserver 127\.0\.0\.1\n$/,
      )
    })

    test('refuses what the kernel would grant under the daemon’s own rules', async () => {
      const script = readScripts('./docker/surface.sh')
      const { sandbox } = await sandboxes.open()
      expect(await textOf(sandbox, script)).toBe('')
      // A kernel may lack io_uring or have it switched off; about tracing nobody, and of a family, each tells something.
      expect(await runUnconfined(script)).toMatch(/ptrace[\s\S]*AF_VSOCK/)
    })

    test('can be worked in: git, python, pipes, sockets of its own, temporary programs', async () => {
      const { sandbox } = await sandboxes.open()
      const work = `set -e
        git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && git log --oneline | wc -l
        python3 -c 'import socket, subprocess, threading, multiprocessing as m, sqlite3
a = socket.create_server(("127.0.0.1", 0)); b = socket.create_connection(a.getsockname())
print(m.Pool(2).map(abs, [-1, -2]), subprocess.check_output(["echo", "child"]))'
        printf '#!/bin/sh\\necho program' > /tmp/p && chmod +x /tmp/p && /tmp/p
        mkfifo pipe && (echo through > pipe &) && cat pipe
        echo needle > file && rg needle && curl -s http://127.0.0.1:1 || echo "curl $?"`
      const lines = ['1', "[1, 2] b'child\\n'", 'program', 'through', 'file:needle', 'curl 7', '']
      expect(show((await run(sandbox, work, { shell: 'bash' })).output).replace('1:needle', 'needle')).toBe(
        lines.join('\n'),
      )
    })

    test('that somebody has restarted is lost, with its name to be had again', async () => {
      const { row, sandbox } = await sandboxes.open()
      await run(sandbox, 'true')
      await docker.getContainer(row.reference).restart({ t: 0 })
      expect(await provider.attach(row)).toBeNull()
      await expect(run(sandbox, 'true')).rejects.toThrow(SandboxLost)
    })

    test('that somebody has paused asks for patience', async () => {
      const { row, sandbox } = await sandboxes.open()
      await docker.getContainer(row.reference).pause()
      await expect(run(sandbox, 'true')).rejects.toThrow(/is paused: docker unpause/)
      await docker.getContainer(row.reference).unpause()
      expect(await textOf(sandbox, 'echo again')).toBe('again\n')
    })

    test('of another installation is neither listed nor in the way', async () => {
      const { row } = await sandboxes.open()
      const other = createDockerProvider({
        engine: createEngine(),
        image: DEFAULT_IMAGE,
        installation: `${installation}b`,
      })
      expect(await other.list()).toEqual([])
      const twin = await other.provision(row)
      try {
        expect(twin.reference).not.toBe(row.reference)
        expect((await provider.list()).map(({ reference }) => reference)).not.toContain(twin.reference)
      } finally {
        await other.destroy(twin)
      }
    })

    test('that was removed without its volumes leaves something to be listed and destroyed', async () => {
      const { row } = await sandboxes.open()
      await docker.getContainer(row.reference).remove({ force: true })
      const left = (await provider.list()).filter(({ sessionId }) => sessionId === row.sessionId)
      const volume = expect.objectContaining({ generation: 1, reference: expect.stringMatching(/^volume:/) })
      expect(left).toEqual([volume, volume])
      for (const one of left) await provider.destroy(one)
      expect((await provider.list()).filter(({ sessionId }) => sessionId === row.sessionId)).toEqual([])
    })

    test('that was claimed but never started is finished by the next who asks', async () => {
      const key = { sessionId: `sesn_half${process.pid}`, generation: 1 }
      const made = await provider.provision(key)
      const { Name: name, Config: config, HostConfig } = await docker.getContainer(made.reference).inspect()
      await provider.destroy(made)
      const { id } = await docker.createContainer({ ...config, HostConfig, name: name.slice(1) })
      expect((await provider.provision(key)).reference).toBe(id)
    })

    test('is not made of an image without what it needs, and leaves nothing', async () => {
      const weak = createDockerProvider({ engine: createEngine(), image: 'longhand-none:1', installation })
      const key = { sessionId: `sesn_weak${process.pid}`, generation: 1 }
      await expect(weak.provision(key)).rejects.toThrow(/longhand-none:1/)
      expect((await provider.list()).filter(({ sessionId }) => sessionId === key.sessionId)).toEqual([])
      expect(await weak.doctor()).toContainEqual(expect.objectContaining({ name: 'sandbox image', ok: false }))
    })
  })

  describe('a small container', () => {
    const open = () => openSandbox(sandboxes.withLimits(small))

    test('kills a command that wants too much memory, tells so, and goes on', async () => {
      const { sandbox } = await open()
      const hungry = `python3 -c 'x = bytearray(400 << 20)'`
      expect(await run(sandbox, hungry)).toMatchObject({ reason: 'oom', code: 137 })
      expect(await run(sandbox, 'kill -KILL $$')).toMatchObject({ reason: 'exit', code: 137 })
    })

    test('tells of a child that wanted too much memory, once, in the shell alone', async () => {
      const { sandbox } = await open()
      const hungry = `{ python3 -c 'x = bytearray(400 << 20)'; echo $?; } | cat`
      expect(await run(sandbox, hungry, { queue: 'shell' })).toMatchObject({ reason: 'oom', code: 0 })
      expect(await run(sandbox, 'true', { queue: 'shell' })).toMatchObject({ reason: 'exit', code: 0 })
      expect(await run(sandbox, hungry)).toMatchObject({ reason: 'exit', code: 0 })
      expect(await run(sandbox, 'kill -KILL $$')).toMatchObject({ reason: 'exit', code: 137 })
    })

    test('refuses an upload that there is no room for, and takes the next', async () => {
      const narrow = sandboxes.withLimits({ ...small, file: MiB })
      const { row, sandbox } = await openSandbox(narrow)
      const cargo = await narrow.cargo(row)
      const upload = (name: string, bytes: number) => {
        const path = `/mnt/session/uploads/${name}`
        return { path, size: bytes, sha256: 'a'.repeat(64), source: () => inPieces(Buffer.alloc(bytes)) }
      }
      await expect(cargo?.mount(upload('large', 5 * MiB))).rejects.toThrow(CargoRefused)
      await cargo?.mount(upload('small', 5))
      expect(await textOf(sandbox, 'ls /mnt/session/uploads')).toBe('small\n')
    })

    test('is not wedged by a full /tmp, home and shared memory', async () => {
      const { sandbox } = await open()
      const fill =
        'for f in /tmp /home/agent /dev/shm; do head -c 1G /dev/zero > $f/x; done 2>&1 | grep -c "No space left"'
      expect(await textOf(sandbox, fill)).toBe('3\n')
      expect(await textOf(sandbox, 'rm /tmp/x && echo alive')).toBe('alive\n')
    })

    test('ends the agent’s processes when they leave no room for another, and goes on', async () => {
      const { sandbox } = await open()
      const full = await run(sandbox, `while :; do ${fork} done > /dev/null 2>&1`, { timeoutMs: 600_000 })
      // A shell that cannot start a process ends; or what watches it could not.
      expect(`${full.reason} ${full.code}`).toMatch(/^(exit 2|crowded 137)$/)
      const count = 'ps -e -o args | grep -c "^sleep 20"'
      // While there is room for the command and for what watches it, only the command itself meets the lack.
      const next = async () => {
        const { reason, output } = await run(sandbox, `echo alive; ${count}`)
        return `${reason}: ${show(output)}`
      }
      await expect.poll(next).toMatch(/^crowded: |^exit: alive\n0\n$/)
      expect(await textOf(sandbox, `echo again; ${count}`)).toBe('again\n0\n')
    })

    test('whose memory is full of what cannot be given back is lost', async () => {
      const { row, sandbox } = await open()
      await run(sandbox, 'head -c 1G /dev/zero > /tmp/x')
      // Tighter each time: what the kernel still finds to give back lets one more process start.
      const squeeze = async () => {
        // The kernel may have taken process 1 itself, behind an answer.
        if ((await createEngine().find(row.reference))?.status !== 'running') return SandboxLost.name
        const { memory } = await createEngine().usage(row.reference)
        const limit = Math.ceil(memory.used / 4096) * 4096 + MiB / 16
        await docker.getContainer(row.reference).update({ Memory: limit, MemorySwap: limit })
        return (await run(sandbox, 'true')).reason
      }
      const nameOf = (error: unknown) => (error instanceof Error ? error.name : String(error))
      await expect.poll(() => squeeze().catch(nameOf)).toBe('SandboxLost')
      // Removed, unless the kernel has taken process 1 itself.
      expect(await provider.attach(row)).toBeNull()
    })

    test('makes room for the next call out of what was told of, and not of calls that run', async () => {
      const { sandbox } = await open()
      const quiet = run(sandbox, 'echo early; until [ -e go ]; do sleep 0.05; done; echo late')
      const noise = `head -c 4M /dev/zero | tr '\\0' x`
      for (let call = 0; call < 8; call++) {
        const { reason, output } = await run(sandbox, noise, { capBytes: 4 * MiB })
        expect([reason, output.length]).toEqual(['exit', 4 * MiB])
      }
      await run(sandbox, 'touch go')
      expect(show((await quiet).output)).toBe('early\nlate\n')
    })

    test('keeps room for a claim, a large command and its output in a full folder', async () => {
      const { sandbox } = await open()
      for (let call = 0; call < 3; call++) await run(sandbox, 'head -c 4M /dev/zero', { capBytes: 4 * MiB })
      await run(sandbox, 'cd /run/longhand; head -c "$(($(stat -f -c "%a * %S" .) - 40000))" /dev/zero > filler')
      expect(await textOf(sandbox, `: ${'x'.repeat(50_000)}; echo alive`)).toBe('alive\n')
    })

    test('cuts an output to the room that the agent leaves, and says what is missing', async () => {
      const { sandbox } = await open()
      await run(sandbox, 'cd /run/longhand; head -c "$(($(stat -f -c "%a * %S" .) - 300000))" /dev/zero > filler')
      const { reason, output, truncated } = await run(sandbox, 'seq 100000', { capBytes: 4 * MiB, keepBytes: 8 * MiB })
      expect(reason).toBe('exit')
      expect(output.length).toBeGreaterThan(20_000)
      expect(output.length + (truncated?.bytes ?? 0)).toBe(588_895)
      expect(show(output.subarray(-7))).toBe('100000\n')
      expect(await textOf(sandbox, 'echo alive')).toBe('alive\n')
    })

    test('keeps less of a long output than asked for, at most a quarter of the room', async () => {
      const { sandbox } = await open()
      await run(sandbox, 'head -c 12M /dev/zero', { id: 'long', keepBytes: 12 * MiB })
      const kept = await sandbox.keep('long')
      const size = Number(await textOf(sandbox, 'wc -c < /workspace/.outputs/long.txt'))
      expect(size).toBeGreaterThan(3 * MiB)
      expect(size).toBeLessThan(4 * MiB + 20_000)
      expect(kept).toMatchObject({ type: 'kept', missing: expect.closeTo(12 * MiB - size, -2) })
    })

    test('says that a disk is too full for a long output', async () => {
      const { sandbox } = await open()
      await run(sandbox, 'ln -s /tmp .outputs; head -c 1G /dev/zero > /tmp/x; rm -f /tmp/.gitignore')
      await run(sandbox, 'head -c 100000 /dev/zero', { id: 'long' })
      expect(await sandbox.keep('long')).toMatchObject({ type: 'refused', reason: 'full' })
      expect(await textOf(sandbox, 'rm /tmp/x; ls -A /tmp')).not.toContain('longhand')
    })

    test('whose runner has no room left because of the agent is lost, and replaced', async () => {
      const log = { info: () => {}, warn: () => {} }
      const hands = createSandboxHands({ provider: sandboxes.withLimits(small), bindings: createFakeBindings(), log })
      const bash = (toolUseId: string, command: string) => {
        const context = {
          sessionId: `sesn_full${process.pid}`,
          toolUseId,
          abandoned: [],
          signal: new AbortController().signal,
        }
        return hands.execute('bash', { command }, context)
      }
      expect((await bash('a', 'head -c 1G /dev/zero > /run/longhand/x')).isError).toBe(true)
      expect((await bash('b', 'echo lost')).text).toContain('was lost before the call gave a result')
      expect((await bash('c', 'echo fresh')).text).toMatch(/generation 2[\s\S]*fresh$/)
    })
  })

  test('belongs to one session by its labels', async () => {
    const { row } = await sandboxes.open()
    const { Config: config } = await docker.getContainer(row.reference).inspect()
    expect(config.Labels).toMatchObject({ [labels.session]: row.sessionId, [labels.generation]: '1' })
  })

  /** In a container with the filter and the capabilities that the daemon gives to everybody. */
  async function runUnconfined(script: string): Promise<string> {
    const made = await docker.createContainer({
      Image: DEFAULT_IMAGE,
      Cmd: ['sh', '-c', script],
      Labels: { [labels.installation]: installation },
      HostConfig: { NetworkMode: 'none', SecurityOpt: ['seccomp=unconfined'], CapDrop: ['ALL'] },
    })
    try {
      const stream = await made.attach({ stream: true, stdout: true, stderr: true })
      const output = readAll(stream)
      await made.start()
      return show(demultiplex(await output).stdout)
    } finally {
      await made.remove({ force: true, v: true })
    }
  }
})
