import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Real servers and processes on a busy machine, and deadlines that have to pass. */
const patience = { testTimeout: 90_000, hookTimeout: 180_000 }

/** Two on the smallest machine too, since these tests wait for most of their time; each has up to eight processes of its own. */
const WORKERS = { min: 2, max: 6 }
const maxWorkers = Math.min(Math.max(availableParallelism() - 1, WORKERS.min), WORKERS.max)
/** What counts milliseconds does not run beside what takes a core for a quarter of a minute. */
const withServices = { ...patience, sequence: { groupOrder: 1 } }

/** unit needs no service and lies beside what it tests, or in tests/unit where that is many files; int, e2e and faults find theirs by the environment. */
export default defineConfig({
  root,
  test: {
    maxWorkers,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            ...['packages', 'apps', 'bench', 'faults', 'simulation'].map(
              (folder) => `${folder}/**/src/**/*.test.ts`,
            ),
            'tests/unit/**/*.test.ts',
          ],
          // The property tests decide a hundred thousand commands in one test.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'int', include: ['tests/int/**/*.int.test.ts'], ...withServices },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], ...withServices },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          ...withServices,
          testTimeout: 300_000,
        },
      },
    ],
  },
})
