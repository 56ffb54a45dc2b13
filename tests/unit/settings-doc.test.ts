import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { operatingFile, settings, withTables } from '../../scripts/docs-settings.mjs'

const byName = <Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> =>
  Object.fromEntries(entries)

test('docs/operating.md has every setting and metric as the code has them: pnpm docs:settings', () => {
  const markdown = readFileSync(operatingFile, 'utf8')

  expect(markdown).toBe(withTables(markdown))
})

test('every setting says what it means', () => {
  const silent = settings().filter(({ api, worker }) => !(api ?? worker)?.description)

  expect(silent).toEqual([])
})

test('a setting of both apps means the same, and has the same default', () => {
  const shared = settings().filter(({ api, worker }) => api && worker)

  for (const app of ['description', 'default'] as const) {
    expect(byName(shared.map(({ name, worker }) => [name, worker?.[app]]))).toEqual(
      byName(shared.map(({ name, api }) => [name, api?.[app]])),
    )
  }
})

test('.env.example shows every setting with its default, and no other', () => {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const lines = [...example.matchAll(/^#([A-Z][A-Z_]+)=(.*)$/gm)]
  const shown = byName(lines.map(([, name = '', value = '']) => [name, value]))

  const known = settings().map(({ name, api, worker }) => [name, api ?? worker] as const)
  expect(Object.keys(shown).toSorted(inOrder)).toEqual(
    known.map(([name]) => name).toSorted(inOrder),
  )
  const withDefault = known.filter(([, input]) => input?.shown)
  expect(withDefault.map(([name]) => [name, shown[name]])).toEqual(
    withDefault.map(([name, input]) => [name, input?.shown]),
  )
})

const inOrder = (one: string, other: string): number => one.localeCompare(other)
