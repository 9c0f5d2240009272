import type { Made } from '../hands/hands.ts'
import type { Provisioned } from '../session/entry.ts'

/** @param told whether a tool result that tells the model of the generation stands beside it. */
export function toProvisioned({ host, image, restored, ...made }: Made, told: boolean): Provisioned {
  return {
    type: 'log.provisioned',
    ...made,
    ...(host === null ? {} : { host }),
    ...(image === null ? {} : { image }),
    ...(restored === null ? {} : { restored }),
    told,
  }
}
