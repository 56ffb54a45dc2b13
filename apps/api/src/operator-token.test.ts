import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { allows, hashedTokens, makeFindOperator, plainToken, SCOPES } from './operator-token.ts'

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

test('a token leads to its operator, and to how far it goes', () => {
  const tokens = hashedTokens.parse(
    `anna:operate:${hashOf('token-of-anna')}, anna:read:${hashOf('another-of-anna')}`,
  )
  const find = makeFindOperator([plainToken('the-first-of-all'), ...tokens])

  expect(find('Bearer token-of-anna')).toMatchObject({ name: 'anna', scope: 'operate' })
  expect(find('bearer  another-of-anna')).toMatchObject({ name: 'anna', scope: 'read' })
  expect(find('Bearer the-first-of-all')).toMatchObject({ name: 'ADMIN_TOKEN', scope: 'admin' })
})

test.each([
  undefined,
  '',
  'Bearer ',
  'Bearer token-of-ann',
  'token-of-anna',
  'Basic token-of-anna',
  `Bearer ${hashOf('token-of-anna')}`,
])('%s is nobody', (authorization) => {
  const find = makeFindOperator(hashedTokens.parse(`anna:admin:${hashOf('token-of-anna')}`))

  expect(find(authorization)).toBeNull()
})

test('with no tokens at all nobody is let in, not even without one', () => {
  expect(makeFindOperator([])('Bearer ')).toBeNull()
})

test('each scope may do what the ones before it may, and no more', () => {
  const allowed = SCOPES.map((scope) => SCOPES.filter((needed) => allows(scope, needed)))

  expect(allowed).toEqual([['read'], ['read', 'operate'], ['read', 'operate', 'admin']])
})

test.each([
  ['no scope', `anna:${hashOf('x')}`],
  ['a scope that is none', `anna:root:${hashOf('x')}`],
  ['the token itself', 'anna:admin:hunter2-hunter2-hunter2'],
  ['a hash of another kind', `anna:admin:${hashOf('x').slice(0, 40)}`],
  ['no name', `:admin:${hashOf('x')}`],
  ['a name that is a sentence', `anna b:admin:${hashOf('x')}`],
  ['an empty entry', `anna:admin:${hashOf('x')},`],
  ['too many', Array.from({ length: 65 }, () => `anna:admin:${hashOf('x')}`).join()],
])('an entry with %s is refused, and not repeated', (_, text) => {
  const { success, error } = hashedTokens.safeParse(text)

  expect(success).toBe(false)
  expect(String(error)).not.toContain('hunter2')
})
