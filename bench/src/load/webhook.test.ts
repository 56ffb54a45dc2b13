import { expect, test } from 'vitest'
import { makeWebhook } from './webhook.ts'

test('without a secret an event carries its key and no signature', () => {
  expect(makeWebhook(null).headersFor('evt_1', '{}')).toEqual({ 'idempotency-key': 'evt_1' })
})

test('with a secret it is signed over id, time and body', () => {
  const { headersFor } = makeWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')

  const headers = headersFor('evt_1', '{"a":1}')

  expect(headers).toMatchObject({
    'webhook-id': 'evt_1',
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
  })
  expect(headersFor('evt_1', '{"a":2}')['webhook-signature']).not.toBe(headers['webhook-signature'])
})
