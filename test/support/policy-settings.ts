/** What the policies of new sessions are made with: as an operator has it who sets nothing. */
export const POLICY_SETTINGS = {
  runEvents: 1000,
  priceFile: undefined,
  hourlyRate: 0,
  modelBackend: 'anthropic',
  provisioning: 'lazy',
} as const
