import type { ContainerCreateOptions } from 'dockerode'
import type { ExecEnd, ExecOptions } from '../exec.ts'
import type { Line } from '../line.ts'
import type { Pipe } from '../pipe.ts'

export interface EngineInfo {
  /** The daemon's own, for as long as its data live. */
  readonly id: string
  readonly version: string
  readonly storage: string
  /** Names of the container runtimes that it has. */
  readonly runtimes: readonly string[]
}

export interface Image {
  /** `sha256:…` */
  readonly id: string
  /** As `repo:tag`. */
  readonly names: readonly string[]
  /** Bytes of its layers. */
  readonly size: number
  readonly labels: Readonly<Record<string, string>>
  /** Moment in ISO 8601 at which it was last given a name; null when that is not known. */
  readonly namedAt: string | null
  readonly defaults: ImageDefaults
}

/** What containers of an image have unless they are told otherwise. */
export interface ImageDefaults {
  readonly User: string
  readonly WorkingDir: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
}

export interface ContainerState {
  readonly id: string
  readonly status: string
  /** Moment in ISO 8601, by the daemon's clock. */
  readonly createdAt: string
  /** As the daemon writes it, to the nanosecond: another one after every start. */
  readonly startedAt: string
  /** Moment in ISO 8601 of its last end; in the year 1 while it never had one. */
  readonly finishedAt: string
  readonly exitCode: number
  /** Id of the image that it was made of. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Usage {
  readonly memory: { readonly used: number; readonly limit: number }
  readonly pids: { readonly used: number; readonly limit: number }
}

export interface Volume {
  readonly name: string
  /** Moment in ISO 8601, by the daemon's clock. */
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
}

export type ContainerSpec = Omit<ContainerCreateOptions, 'name'>

/**
 * What is wanted of a Docker daemon. Everything rejects with `HandsUnavailable` when the daemon does not answer or cannot
 * do it, but for what is said below.
 */
export interface Engine extends ImageEngine {
  info(): Promise<EngineInfo>
  hasImage(name: string): Promise<boolean>
  /** The new container's id; null when another one has the name. */
  create(name: string, spec: ContainerSpec): Promise<string | null>
  /** False when the container is gone. One that runs already is success. */
  start(id: string): Promise<boolean>
  /** By id or name; null when there is none. */
  find(container: string): Promise<ContainerState | null>
  /** Ids of the containers that have all of these labels, in any state. */
  list(...labels: readonly string[]): Promise<readonly string[]>
  /** With its anonymous volumes, and only when it is gone for good. One that is gone already is success. */
  remove(id: string): Promise<void>
  /** Volumes with all of these labels that no container uses. */
  orphans(...labels: readonly string[]): Promise<readonly Volume[]>
  removeVolume(name: string): Promise<void>
  usage(id: string): Promise<Usage>
  /** Unpacks a tar archive into a folder of a container, which need not run. False when one of the two is not there. */
  putArchive(id: string, folder: string, tar: Buffer): Promise<boolean>
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
  /** Starts a process that takes or gives a stream. What the daemon says instead of it stands among what it says. */
  pipe(id: string, request: Process): Promise<Pipe>
}

export interface ImageEngine {
  /** By name or id; null when there is none. */
  image(name: string): Promise<Image | null>
  /** Makes an image of what is in a container, and answers its id. Labels of the container's are the image's too. */
  commit(container: string, image: NewImage): Promise<string>
  /** Gives an image a name, which it may have already, and with it another `namedAt`. False when it is gone. */
  nameImage(id: string, name: ImageName): Promise<boolean>
  /** Ids of the images that have this label. */
  images(label: string): Promise<readonly string[]>
  /** With its names. False when a container or another image needs it; one that is gone already is success. */
  removeImage(id: string): Promise<boolean>
  /** What a container with a log has written to its stdout; null when it is gone. */
  logs(container: string): Promise<Uint8Array | null>
}

export interface ImageName {
  readonly repo: string
  readonly tag: string
}

export interface NewImage extends ImageName {
  readonly defaults: ImageDefaults
  readonly labels: Readonly<Record<string, string>>
}

export interface Process {
  readonly argv: readonly string[]
  /** `uid:gid` */
  readonly user: string
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
}

export interface ExecRequest extends Process, ExecOptions {}
