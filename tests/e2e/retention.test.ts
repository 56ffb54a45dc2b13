/** What clients are told of what was pruned. */
import { prune } from '@flashlane/audit/prune.ts'
import { readClockMs } from '@flashlane/db'
import { setImmediate as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import { isReplay, untilTold, withKey } from '../support/shop.ts'

let flashlane: Flashlane

beforeAll(async () => {
  flashlane = await startFlashlane()
})
afterAll(() => flashlane.stop())

const post = (path: string, body: object, key: string): Promise<Answer> =>
  untilTold(() => flashlane.api().post(path, body, withKey(key)))
const get = (path: string): Promise<Answer> => flashlane.api().get(path)
const holdAt = ({ body }: Answer) => `/api/holds/${String(body['hold_id'])}`
const commandOf = (id: unknown) => `/api/commands/${String(id).replace(/^[a-z]+_/, 'cmd_')}`

test('a pruned hold and its command are not found, and its key makes a new one; an order is kept', async () => {
  const productId = await flashlane.product({ stock: 5 })
  const hold = { product_id: productId, qty: 1 }
  const released = await post('/api/holds', hold, 'released')
  const sold = await post('/api/holds', hold, 'sold')
  const order = { hold_id: sold.body['hold_id'] }
  const placed = await post('/api/orders', order, 'placed')
  const gone = holdAt(released)
  const freed = await untilTold(() => flashlane.api().delete(gone))
  expect([released, sold, placed, freed].map(({ status }) => status)).toEqual([201, 201, 201, 200])
  const database = flashlane.database
  const beforeMs = (await readClockMs(database)) + 1

  expect(await prune(database, { beforeMs, pause, tell: () => {} })).toBe(true)

  expect(await get(gone)).toMatchObject({ status: 404, body: { code: 'hold_not_found' } })
  const command = await get(commandOf(released.body['hold_id']))
  expect(command).toMatchObject({ status: 404, body: { code: 'command_unknown' } })
  expect(await get(holdAt(sold))).toMatchObject({ status: 200 })
  expect(await get(commandOf(placed.body['order_id']))).toMatchObject({ status: 200 })
  const again = await post('/api/orders', order, 'placed')
  expect([again.status, isReplay(again), again.body]).toEqual([201, true, placed.body])
  const anew = await post('/api/holds', hold, 'released')
  expect([anew.status, isReplay(anew)]).toEqual([201, false])
  expect(anew.body['version']).toBeGreaterThan(Number(released.body['version']))
})
