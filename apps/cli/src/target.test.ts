import { expect, test } from 'vitest'
import { chooseTarget } from './target.ts'

const found = { url: 'http://here', token: 'found' }

test('an npm start that runs here needs nothing to be said', () => {
  expect(chooseTarget({ options: {}, environment: {}, found })).toEqual({
    baseUrl: 'http://here',
    adminToken: 'found',
  })
})

test('options win over the environment, and both over what was found', () => {
  const environment = { url: 'http://environment', token: 'its' }

  expect(chooseTarget({ options: {}, environment, found })).toEqual({
    baseUrl: 'http://environment',
    adminToken: 'its',
  })
  expect(
    chooseTarget({ options: { url: 'https://option', token: 'own' }, environment, found }),
  ).toEqual({ baseUrl: 'https://option', adminToken: 'own' })
})

test('a token that was found goes nowhere but where it was found', () => {
  expect(chooseTarget({ options: { url: 'http://elsewhere' }, environment: {}, found })).toEqual({
    baseUrl: 'http://elsewhere',
  })
})

test.each(['localhost:3000', 'ftp://host', 'http://'])('%s is no address', (url) => {
  expect(() => chooseTarget({ options: { url }, environment: {}, found })).toThrow('no address')
})

test('with nothing to go by it says what to do', () => {
  expect(() => chooseTarget({ options: {}, environment: {}, found: null })).toThrow('--url')
})
