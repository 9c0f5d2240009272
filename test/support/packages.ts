/** An environment's packages where none are named. */
export const NO_PACKAGES = { type: 'packages' as const, apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] }
