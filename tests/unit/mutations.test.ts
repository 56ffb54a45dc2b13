import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { edited } from '../mutations/edit.ts'
import { MUTATIONS } from '../mutations/mutations.ts'
import { root } from '../mutations/workspace.ts'

describe.each(MUTATIONS)('$name', ({ edits, suite }) => {
  test('finds each of its places exactly once', () => {
    const texts = new Map(edits.map(({ file }) => [file, readFileSync(join(root, file), 'utf8')]))

    for (const edit of edits) texts.set(edit.file, edited(texts.get(edit.file) ?? '', edit))

    for (const [file, text] of texts) {
      expect(text).not.toBe(readFileSync(join(root, file), 'utf8'))
    }
  })

  test('names tests that are there', () => {
    const file = join(root, suite.file)

    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).toContain(suite.tests ?? 'test(')
  })
})

test('a place that is not there, or is there twice, is an error', () => {
  const edit = { file: 'a.ts', find: 'lock', replace: '' }

  expect(() => edited('no such word', edit)).toThrow('a.ts: what is to be changed is not there')
  expect(() => edited('lock, lock', edit)).toThrow('is there 2 times')
  expect(edited('a lock', edit)).toBe('a ')
})
