/** What a test's buyers and operator do over HTTP. */
import type { Client, Stock } from '@flashlane/client'
import { findProduct } from '@flashlane/db'
import type { Flashlane } from './flashlane.ts'
import type { Answer } from './http.ts'
import { until } from './until.ts'

/** A key's UTF-8 bytes, as they travel in a header: a character each. */
export const inHeader = (key: string): string => Buffer.from(key).toString('latin1')

export const withKey = (key: string): Record<string, string> => ({
  'idempotency-key': inHeader(key),
})

export async function placeHold(
  { client }: Flashlane,
  fields: Parameters<Client['placeHold']>[0],
): Promise<string> {
  const { hold_id } = await client().placeHold({ qty: 1, ...fields })
  return hold_id
}

export async function placeOrder(
  { client }: Flashlane,
  fields: Parameters<Client['placeOrder']>[0],
): Promise<string> {
  const { order_id } = await client().placeOrder(fields)
  return order_id
}

export const adjustStock = (
  { client }: Flashlane,
  productId: number,
  change: Parameters<Client['adjustStock']>[1],
  options: { idempotencyKey?: string } = {},
): Promise<Stock> => client().adjustStock(productId, change, options)

/** A product's counters, from the database itself. */
export async function countersOf({ database }: Flashlane, productId: number) {
  const product = await findProduct(database, productId)
  if (!product) throw new Error(`no product ${productId}`)
  const { stockTotal, held, sold } = product
  return { stockTotal, held, sold }
}

/** A crowd may be told to come again: it does, under the same key, until it is told yes or no. */
export const untilTold = (send: () => Promise<Answer>): Promise<Answer> =>
  until(
    async () => {
      const answer = await send()
      return answer.status !== 202 && answer.status !== 503 && answer
    },
    { withinMs: 30_000, everyMs: 500, what: 'yes or no' },
  )

/** Answers that may only be one and the same. */
export const distinct = (answers: readonly Answer[]): readonly string[] => [
  ...new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)),
]

export const isReplay = ({ headers }: Answer): boolean =>
  headers.get('idempotency-replayed') === 'true'
