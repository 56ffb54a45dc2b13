/** What a test's buyers and operator do over HTTP. */
import { findProduct } from '@flashlane/db'
import { ADMIN_TOKEN, type Flashlane } from './flashlane.ts'
import type { Answer } from './http.ts'

/** A key's UTF-8 bytes, as they travel in a header: a character each. */
export const inHeader = (key: string): string => Buffer.from(key).toString('latin1')

export const withKey = (key: string): Record<string, string> => ({
  'idempotency-key': inHeader(key),
})

export async function placeHold(flashlane: Flashlane, fields: object): Promise<string> {
  return idIn(await flashlane.api().post('/api/holds', { qty: 1, ...fields }), 'hold_id')
}

export async function placeOrder(flashlane: Flashlane, fields: object): Promise<string> {
  return idIn(await flashlane.api().post('/api/orders', fields), 'order_id')
}

function idIn({ status, body }: Answer, field: string): string {
  const id = body[field]
  if (status === 201 && typeof id === 'string') return id
  throw new Error(`no ${field}: ${status} ${JSON.stringify(body)}`)
}

export const adjustStock = (
  flashlane: Flashlane,
  productId: number,
  change: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  flashlane.api().post(`/api/admin/products/${productId}/stock`, change, {
    authorization: `Bearer ${ADMIN_TOKEN}`,
    ...headers,
  })

/** A product's counters, from the database itself. */
export async function countersOf({ database }: Flashlane, productId: number) {
  const product = await findProduct(database, productId)
  if (!product) throw new Error(`no product ${productId}`)
  const { stockTotal, held, sold } = product
  return { stockTotal, held, sold }
}

/** Answers that may only be one and the same. */
export const distinct = (answers: readonly Answer[]): readonly string[] => [
  ...new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)),
]

export const isReplay = ({ headers }: Answer): boolean =>
  headers.get('idempotency-replayed') === 'true'
