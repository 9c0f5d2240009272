// `npm run gen:coverage`: writes docs/coverage.md, from the installed SDK, the application and docs/conformance.csv.
import { writeFileSync } from 'node:fs'
import { formatCoverage } from '../test/support/coverage-document.ts'

writeFileSync(new URL('../docs/coverage.md', import.meta.url), await formatCoverage())
