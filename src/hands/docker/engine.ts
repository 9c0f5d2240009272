import type { ContainerCreateOptions } from 'dockerode'
import type { ExecEnd, ExecOptions } from '../exec.ts'
import type { Line } from '../line.ts'

export interface EngineInfo {
  readonly version: string
  readonly storage: string
}

export interface ContainerState {
  readonly id: string
  readonly status: string
  /** Moment in ISO 8601, by the daemon's clock. */
  readonly createdAt: string
  /** As the daemon writes it, to the nanosecond: another one after every start. */
  readonly startedAt: string
  readonly exitCode: number
  readonly labels: Readonly<Record<string, string>>
}

export interface Usage {
  readonly memory: { readonly used: number; readonly limit: number }
  readonly pids: { readonly used: number; readonly limit: number }
}

export interface Volume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export type ContainerSpec = Omit<ContainerCreateOptions, 'name'>

/**
 * What is wanted of a Docker daemon. Everything rejects with `HandsUnavailable` when the daemon does not answer or cannot
 * do it, but for what is said below.
 */
export interface Engine {
  info(): Promise<EngineInfo>
  hasImage(name: string): Promise<boolean>
  /** The new container's id; null when another one has the name. */
  create(name: string, spec: ContainerSpec): Promise<string | null>
  /** False when the container is gone. One that runs already is success. */
  start(id: string): Promise<boolean>
  /** By id or name; null when there is none. */
  find(container: string): Promise<ContainerState | null>
  /** Ids of the containers that have this label, in any state. */
  list(label: string): Promise<readonly string[]>
  /** With its anonymous volumes, and only when it is gone for good. One that is gone already is success. */
  remove(id: string): Promise<void>
  /** Volumes with this label that no container uses. */
  orphans(label: string): Promise<readonly Volume[]>
  removeVolume(name: string): Promise<void>
  usage(id: string): Promise<Usage>
  /**
   * Runs a process to its end. What the daemon says instead of running it, because the container has stopped or the
   * process cannot be started, stands in `stderr`: only the container's state tells what it means.
   */
  exec(id: string, request: ExecRequest): Promise<ExecEnd>
  /**
   * Starts a process that stays. What the daemon says instead of it is not told apart from what it says: neither is an
   * answer to anything.
   */
  open(id: string, request: Process): Promise<Line>
}

export interface Process {
  readonly argv: readonly string[]
  /** `uid:gid` */
  readonly user: string
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
}

export interface ExecRequest extends Process, ExecOptions {}
