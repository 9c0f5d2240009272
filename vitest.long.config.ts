import { defineConfig } from 'vitest/config'
import { settings } from './vitest.config.ts'

/** Soaks and kill tables, one at a time: `npm run test:long -- <suite>`. A suite may take half an hour. */
export default defineConfig({
  test: {
    ...settings,
    maxWorkers: 1,
    include: ['test/long/*.long.test.ts'],
    globalSetup: ['./test/support/run-setup.ts', './test/support/global-setup.ts'],
    testTimeout: 30 * 60_000,
    hookTimeout: 60_000,
  },
})
