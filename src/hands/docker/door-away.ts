import { HandsUnavailable } from '../hands.ts'
import type { MountedDoor } from './container-spec.ts'
import type { ContainerSpec, Engine } from './engine.ts'

/** The daemon has no such folder as the one of a door, or has another one there. */
export class DoorAway extends HandsUnavailable {
  constructor({ source }: MountedDoor, options?: ErrorOptions) {
    super(`the Docker daemon does not find the way to the network at ${source}. ${remedyForDoor}`, options)
  }
}

export const remedyForDoor =
  'Where this process runs in a container, set LONGHAND_DOCKER_DATA to the path that its data folder has on the host of the daemon.'

/** As `Engine.create`. Rejects with {@link DoorAway} where the daemon cannot mount the door. */
export async function createAtDoor(
  engine: Pick<Engine, 'create'>,
  name: string,
  { spec, door }: { readonly spec: ContainerSpec; readonly door: MountedDoor | null },
): Promise<string | null> {
  try {
    return await engine.create(name, spec)
  } catch (cause) {
    const isAway = door !== null && cause instanceof Error && cause.message.includes(door.source)
    throw isAway ? new DoorAway(door, { cause }) : cause
  }
}
