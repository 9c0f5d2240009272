import type { BenchModel } from '../support/model.ts'
import type { Service } from '../support/service.ts'
import { readCpuMs } from './memory.ts'
import type { MemoryProbe } from './memory.ts'
import type { RawServer } from './raw.ts'
import type { Expectation, Readers, Report, Target } from './readers.ts'

/** The processes of a measurement. */
export interface Stage {
  readonly service: Service
  readonly model: BenchModel
  readonly readers: Readers
  readonly raw: RawServer
  readonly probe: MemoryProbe
  readonly say: (line: string) => void
}

export interface Plan {
  /** Streams that are open at the same time. */
  readonly readers: number
  /** How long each kind of traffic lasts. */
  readonly seconds: number
}

/** What came of one kind of traffic, ours beside the raw server's at the same rate. */
export interface Finding {
  /** Begins the labels of its rows. */
  readonly name: string
  /** Of events or words, each delivered to one or to all readers. */
  readonly perSecond: number
  readonly ours: Traffic
  readonly raw: Traffic
}

export interface Traffic {
  readonly report: Report
  /** CPU of the sending process per 1,000 deliveries, in ms. */
  readonly cpuMs: number
  /**
   * What each stream adds to the process, in KiB. `open`: before the traffic, by RSS or by heap and buffers, whichever is
   * more. `held`: after it, by heap and buffers; `rss` at that moment also has whatever the traffic needed for a while.
   */
  readonly memory: { readonly open: number; readonly held: number; readonly rss: number }
}

/** Streams that are opened and closed first, so that what a process makes once is not counted. */
const rehearsal = 50

/** A server's streams from before they are open to after their traffic. */
export class Streams {
  readonly #stage: Stage
  readonly #pid: number
  readonly #count: number
  readonly #before: Memory
  readonly #open: Memory
  #cpu = 0

  private constructor(stage: Stage, pid: number, { count, before, open }: Opened) {
    this.#stage = stage
    this.#pid = pid
    this.#count = count
    this.#before = before
    this.#open = open
  }

  static async open(stage: Stage, pid: number, targets: readonly Target[]): Promise<Streams> {
    const { readers, probe } = stage
    const few = targets
      .slice(0, rehearsal)
      .map((target) => ({ ...target, readers: Math.min(target.readers, rehearsal) }))
    await readers.open(few)
    await readers.close()
    const before = await probe.read(pid)
    await readers.open(targets)
    const open = await probe.read(pid)
    const count = targets.reduce((sum, target) => sum + target.readers, 0)
    return new Streams(stage, pid, { count, before, open })
  }

  /** Traffic begins: what was delivered so far does not count. */
  async begin(): Promise<void> {
    await this.#stage.readers.forget()
    this.#cpu = await readCpuMs(this.#pid)
  }

  async end(expectation: Expectation): Promise<Traffic> {
    const report = await this.#stage.readers.report(expectation)
    const cpu = (await readCpuMs(this.#pid)) - this.#cpu
    const after = await this.#stage.probe.read(this.#pid)
    return {
      report,
      cpuMs: (cpu / report.deliveries) * 1000,
      memory: {
        open: Math.max(this.#grown(this.#open, rssOf), this.#grown(this.#open, usedOf)),
        held: this.#grown(after, usedOf),
        rss: this.#grown(after, rssOf),
      },
    }
  }

  /** KiB for each stream. */
  #grown(memory: Memory, of: (memory: Memory) => number): number {
    return (of(memory) - of(this.#before)) / 1024 / this.#count
  }

  close(): Promise<void> {
    return this.#stage.readers.close()
  }
}

type Memory = Awaited<ReturnType<MemoryProbe['read']>>

interface Opened {
  readonly count: number
  readonly before: Memory
  readonly open: Memory
}

function rssOf({ rss }: Memory): number {
  return rss
}

function usedOf({ heapUsed, external }: Memory): number {
  return heapUsed + external
}

/** For the last delivery after the last event. */
export const patienceMs = 15_000
