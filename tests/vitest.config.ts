import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Real servers and processes on a busy machine, and deadlines that have to pass. */
const patience = { testTimeout: 90_000, hookTimeout: 60_000 }

/** unit needs no service and lies beside what it tests, or in tests/unit where that is many files; int, e2e and faults find theirs by the environment. */
export default defineConfig({
  root,
  test: {
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
        test: { name: 'int', include: ['tests/int/**/*.int.test.ts'], ...patience },
      },
      { extends: true, test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], ...patience } },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          ...patience,
          testTimeout: 300_000,
        },
      },
    ],
  },
})
