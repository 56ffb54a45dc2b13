import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the README shows the examples that are type-checked, all of them and no others', () => {
  const shown = read('../README.md').matchAll(/^```ts\n(.*?)^```$/gms)

  const examples = readdirSync(new URL('../examples', import.meta.url)).map((name) =>
    read(`../examples/${name}`),
  )
  expect(new Set(shown.map(([, code]) => code))).toEqual(new Set(examples))
})
