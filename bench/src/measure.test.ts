import { expect, test } from 'vitest'
import { wrongAnswers } from './measure.ts'

const run = { granted: 1_000, refused: 0, lost: 0, statuses: {}, perSecond: 1, grantedPerSecond: 1 }

test('holds that were all granted are right', () => {
  expect(wrongAnswers({ ...run, statuses: { '201': 1_000 } }, 'granted')).toEqual([])
})

test('few that were told to come again are no fault, many are', () => {
  expect(wrongAnswers({ ...run, refused: 5, statuses: { '503': 5 } }, 'granted')).toEqual([])
  expect(wrongAnswers({ ...run, refused: 500 }, 'granted')).toHaveLength(1)
})

test('a single answer of another kind is a fault where statuses are looked at', () => {
  expect(wrongAnswers({ ...run, refused: 1, statuses: { '500': 1 } }, 'granted')).toEqual([
    '1 answers were 500',
  ])
})

test('a product that is sold out refuses, and a hold from it is a fault', () => {
  const refused = { ...run, granted: 0, refused: 1_000 }

  expect(wrongAnswers({ ...refused, statuses: { '409': 1_000 } }, 'refused')).toEqual([])
  expect(
    wrongAnswers({ ...refused, granted: 1, statuses: { '409': 1_000, '201': 1 } }, 'refused'),
  ).toEqual(['1 answers were 201'])
})

test('a request that was not answered is a fault', () => {
  expect(wrongAnswers({ ...run, lost: 3 }, 'granted')).toEqual(['3 requests were not answered'])
})
