export { canary } from './canary.ts'
export { session } from './session.ts'
