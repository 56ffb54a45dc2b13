import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Of our own packages, those that one stands on, itself included. */
function workspaceOf(folder: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(folder)) return known
  known.add(folder)
  const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as {
    dependencies?: Record<string, string>
  }
  for (const [name, version] of Object.entries(dependencies)) {
    if (version === 'workspace:*') workspaceOf(name.replace('@flashlane/', 'packages/'), known)
  }
  return known
}

test('the image has the manifest of every package that api and worker stand on, each once', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (\S+)\/package\.json /gm)].map(
    ([, folder]) => folder,
  )
  const needed = workspaceOf('apps/worker', new Set(workspaceOf('apps/api')))

  expect(new Set(copied)).toEqual(needed)
  expect(copied).toHaveLength(needed.size)
})
