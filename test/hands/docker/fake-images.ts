import { randomBytes } from 'node:crypto'
import type { Image, ImageEngine, NewImage } from '../../../src/hands/docker/engine.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export interface FakeImages extends ImageEngine {
  /** By id. */
  readonly imagesById: Map<string, Mutable<Image>>
  /** Made by `commit`, with the container that each was made of. */
  readonly commits: (NewImage & { readonly container: string })[]
  /** Ids of those that a container needs. */
  readonly needed: Set<string>
  /** Makes another image of this name. */
  addImage(name: string): string
  /** By container. */
  readonly written: Map<string, string>
}

const defaults = { User: '', WorkingDir: '', Env: [], Entrypoint: [], Cmd: [] }

/** Images in memory. One of each of these names is there from the start. */
export function createFakeImages(...names: readonly string[]): FakeImages {
  const imagesById = new Map<string, Mutable<Image>>()
  const byName = (name: string) => [...imagesById.values()].find((image) => image.names.includes(name))
  function add(name: string, more: Partial<Image> = {}): string {
    const id = `sha256:${randomBytes(32).toString('hex')}`
    const present = byName(name)
    if (present) present.names = []
    imagesById.set(id, { id, names: [name], size: 1, labels: {}, namedAt: new Date().toISOString(), defaults, ...more })
    return id
  }
  const fake: FakeImages = {
    imagesById,
    commits: [],
    needed: new Set(),
    written: new Map(),
    addImage: (name) => add(name),
    image: async (name) => imagesById.get(name) ?? byName(name) ?? null,
    async commit(container, image) {
      fake.commits.push({ ...image, container })
      return add(`${image.repo}:${image.tag}`, { labels: image.labels, defaults: image.defaults })
    },
    async nameImage(id) {
      const image = imagesById.get(id)
      if (image) image.namedAt = new Date().toISOString()
      return image !== undefined
    },
    async images(label) {
      return [...imagesById.values()].filter(({ labels }) => label in labels).map(({ id }) => id)
    },
    async removeImage(id) {
      if (fake.needed.has(id)) return false
      imagesById.delete(id)
      return true
    },
    async logs(container) {
      const text = fake.written.get(container)
      return text === undefined ? null : Buffer.from(text)
    },
  }
  for (const name of names) add(name)
  return fake
}
