import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Networking } from '../../wire/types.ts'
import { HandsUnavailable } from '../hands.ts'
import { createDoorWatch } from '../orphans.ts'
import type { HandsLog } from '../places.ts'
import type { Recipe } from '../recipe.ts'
import { RecipeFailed } from '../recipe.ts'
import { cut, stripTerminalCodes, toText } from '../tools/text.ts'
import { buildDoorPrefix, buildLabel, builderSpec, doorLabel, installMinutes, tooLate } from './builder-spec.ts'
import type { Limits } from './container-spec.ts'
import { createAtDoor } from './door-away.ts'
import type { ContainerState, Engine, Image } from './engine.ts'
import { digest, hashOf, packTask, toPackageLists } from './package-lists.ts'
import type { PackageLists } from './package-lists.ts'

/** The way of builders to the network: for each what an environment's package managers may reach. */
export interface BuildDoors {
  /** As of `Doors`. */
  open(name: string, networking: Networking | undefined): Promise<string>
  close(name: string): Promise<void>
  /** Of all builders of the installation. */
  names(): Promise<readonly string[]>
}

export interface ImageOptions {
  readonly engine: Engine
  /** Name or id of the image that all others are made on. */
  readonly base: string
  /** As of `DockerOptions`. */
  readonly installation: string
  readonly limits: Limits
  /** Without it nothing can be installed from a network. */
  readonly doors: BuildDoors | undefined
  /** As of `DockerOptions`. */
  readonly toHostPath?: (path: string) => string
  readonly log: HandsLog
}

/** Images of environments on one daemon. */
export interface Images {
  /**
   * Answers the image of such sandboxes, which is made where it is not there: by one at a time, whoever else asks waits.
   * Rejects with `RecipeFailed`, in the words of the package manager, and for five minutes without another try.
   */
  ensure(recipe: Pick<Recipe, 'packages' | 'networking'>): Promise<string>
  /** Ends and removes every builder of the installation. */
  end(): Promise<void>
  /** Removes what nobody has used for 30 days, and what is left of making images. To be called again and again. */
  tidy(now?: number): Promise<void>
}

const repo = 'longhand-env'
/** Label of the images that were made here. */
export const packagesLabel = 'longhand.packages'
const pollMs = 250
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Who made a builder finishes it; where he has died somebody else does. */
const takeoverMs = 15_000
const failureMs = 5 * minuteMs
/** Its own limit, and time for it to be noticed. */
const patienceMs = (installMinutes + 2) * minuteMs
const unusedMs = 30 * dayMs
const mostWords = 2_000

/** One image that is wanted. */
interface Wanted {
  readonly hash: string
  readonly lists: PackageLists
  readonly networking: Networking | undefined
  readonly base: Image
  /** Names its builder: what it may reach is a part of it. */
  readonly key: string
}

export function createImages(options: ImageOptions): Images {
  const { engine, base, doors, log } = options
  const watchDoors = doors && createDoorWatch(doors)
  const making = new Map<string, Promise<string>>()

  async function make(wanted: Wanted): Promise<string> {
    const present = await engine.image(`${repo}:${wanted.hash}`)
    if (present !== null) return keep(engine, present, wanted.hash)
    const started = performance.now()
    const id = await build(options, wanted)
    log.info({ image: id, hash: wanted.hash, ms: Math.round(performance.now() - started) }, 'image of packages made')
    return id
  }

  return {
    async ensure({ packages, networking }) {
      const lists = toPackageLists(packages)
      if (lists.length === 0) return base
      const image = await engine.image(base)
      if (image === null) throw new HandsUnavailable(`the daemon has no image ${base}`)
      const hash = hashOf(image.id, lists)
      const wanted = { hash, lists, networking, base: image, key: digest([hash, networking]) }
      const running = making.get(wanted.key) ?? make(wanted).finally(() => making.delete(wanted.key))
      making.set(wanted.key, running)
      return running
    },

    async end() {
      for (const state of await builders(options)) await clear(options, state)
    },

    async tidy(now = Date.now()) {
      const present = await builders(options)
      for (const state of present) if (isLeft(state)) await clear(options, state)
      // Whoever opened one may have died before there was a builder to name it.
      await watchDoors?.(new Set(present.flatMap(({ labels }) => labels[doorLabel] ?? [])), now)
      for (const id of await engine.images(packagesLabel)) {
        const image = await engine.image(id)
        // One without a name was replaced by its like. Whatever a container needs stays.
        if (image !== null && isSpent(image)) await engine.removeImage(id)
      }
    },
  }
}

/** `ensure` where no images are made: of this one are all. */
export function withoutPackages(image: string): Images['ensure'] {
  return async ({ packages }) => {
    if (toPackageLists(packages).length > 0)
      throw new RecipeFailed('packages of the environment: nothing is installed into the sandboxes of this host')
    return image
  }
}

/** Notes, once a day, that the image is in use: nothing but its last naming tells. */
async function keep(engine: Engine, { id, namedAt }: Image, hash: string): Promise<string> {
  if (namedAt !== null && age(namedAt) > dayMs) await engine.nameImage(id, { repo, tag: hash })
  return id
}

function isSpent({ names, namedAt }: Image): boolean {
  return names.length === 0 || (namedAt !== null && age(namedAt) > unusedMs)
}

/** Until there is an image. The builder's name is the claim, and what became of it is read off itself by all who wait. */
async function build(options: ImageOptions, wanted: Wanted): Promise<string> {
  const { engine, installation } = options
  const name = `longhand-${installation}-build-${wanted.key}`
  let ours: string | null = null
  const deadline = Date.now() + 2 * patienceMs
  while (Date.now() < deadline) {
    const state = await engine.find(name)
    if (state === null) {
      const image = await engine.image(`${repo}:${wanted.hash}`)
      if (image !== null) return image.id
      ours = (await create(options, wanted, name)) ?? ours
    } else if (isOver(state) && state.exitCode === 0) {
      if (state.id === ours || age(state.finishedAt) > takeoverMs) return finish(options, wanted, state.id)
      await pause(pollMs)
    } else if (isOver(state) && age(state.finishedAt) < failureMs) throw await toFailure(engine, state)
    else if (isUseless(state)) await clear(options, state)
    else if (state.status === 'created') await begin(engine, state.id, wanted.lists)
    else if (state.status === 'paused')
      throw new HandsUnavailable(`container ${name} is paused: docker unpause ${name}`)
    else await pause(pollMs)
  }
  throw new HandsUnavailable(`container ${name} was in the way for ${2 * patienceMs} ms`)
}

/** Nothing comes of it any more: it failed a while ago, was never begun, or does not end. */
function isUseless(state: ContainerState): boolean {
  if (isOver(state)) return true
  if (state.status === 'created') return age(state.createdAt) > minuteMs
  return state.status === 'running' && age(state.startedAt) > patienceMs
}

async function create(options: ImageOptions, wanted: Wanted, name: string): Promise<string | null> {
  const { engine, installation, limits, doors, toHostPath = (path: string) => path } = options
  // Of this try alone: another's must not be closed with it.
  const doorName = `${buildDoorPrefix}${randomBytes(8).toString('hex')}`
  const folder = await doors?.open(doorName, wanted.networking)
  const door = folder === undefined ? null : { name: doorName, folder, source: toHostPath(folder) }
  let made: string | null = null
  try {
    const spec = builderSpec({ image: wanted.base.id, installation, limits, door })
    made = await createAtDoor(engine, name, { spec, door })
  } finally {
    if (made === null) await doors?.close(doorName)
  }
  return made
}

/** Twice is once: the task is the same, and what runs already is not started again. */
async function begin(engine: Engine, id: string, lists: PackageLists): Promise<void> {
  if (await engine.putArchive(id, '/', await packTask(lists))) await engine.start(id)
}

async function finish(options: ImageOptions, { hash, base }: Wanted, id: string): Promise<string> {
  const labels = { [buildLabel]: '', [doorLabel]: '', [packagesLabel]: hash }
  const image = await options.engine.commit(id, { repo, tag: hash, labels, defaults: toDefaults(base) })
  const state = await options.engine.find(id)
  if (state !== null) await clear(options, state)
  return image
}

/** What is left empty is taken from the builder, whose command is none that anybody wants. */
function toDefaults({ defaults }: Image): Image['defaults'] {
  return defaults.Cmd.length + defaults.Entrypoint.length === 0 ? { ...defaults, Cmd: ['sh'] } : defaults
}

async function toFailure(engine: Engine, { id, exitCode }: ContainerState): Promise<RecipeFailed> {
  const said = stripTerminalCodes(toText((await engine.logs(id)) ?? new Uint8Array()))
  const [, manager = 'set-up'] = [...said.matchAll(/^longhand-manager\t(\w+)$/gm)].at(-1) ?? []
  const words = cut(said.replace(/^longhand-manager\t.*\n/gm, '').trim(), -mostWords)
  const reason = exitCode === tooLate ? `it took longer than ${installMinutes} minutes` : `exit code ${exitCode}`
  return new RecipeFailed(`packages of the environment: ${manager}: ${reason}${words === '' ? '' : `:\n${words}`}`)
}

async function builders({ engine, installation }: ImageOptions): Promise<readonly ContainerState[]> {
  const ids = await engine.list(`${buildLabel}=${installation}`)
  return (await Promise.all(ids.map((id) => engine.find(id)))).filter((state) => state !== null)
}

/** Whether nobody waits for it any more. */
function isLeft(state: ContainerState): boolean {
  return age(isOver(state) ? state.finishedAt : state.createdAt) > 3 * patienceMs
}

/** The door is closed first: what is left of a builder names it. */
async function clear({ engine, doors }: ImageOptions, { id, labels }: ContainerState): Promise<void> {
  const door = labels[doorLabel]
  if (door) await doors?.close(door)
  await engine.remove(id)
}

function isOver({ status }: ContainerState): boolean {
  return status === 'exited' || status === 'dead'
}

/** Milliseconds since a moment in ISO 8601 by the daemon's clock. */
function age(moment: string): number {
  return Date.now() - Date.parse(moment)
}
