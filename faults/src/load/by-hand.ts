/** What a row's own buyer does, beside the crowd: one thing after the other, each until its outcome is known. */
import type { Payment } from './provider.ts'
import type { Load } from './load.ts'

export type ByHand = {
  /** Whose keys begin with it. */
  readonly name: string
  readonly product: number
  readonly ttlS?: number
}

export type Order = Payment & { readonly orderId: string; readonly body: Body }

type Body = Readonly<Record<string, unknown>>

export async function holdByHand(
  { execute }: Load,
  { name, product, ttlS }: ByHand,
): Promise<string> {
  const body = { product_id: product, qty: 1, ...(ttlS === undefined ? {} : { ttl: ttlS }) }
  const request = { path: '/api/holds', body }
  const hold = await execute({ op: 'hold', process: name, product, key: `${name}-hold`, request })
  return String(hold?.body['hold_id'])
}

/** With the payment that would be right for it. */
export async function orderByHand(load: Load, buyer: ByHand & { holdId?: string }): Promise<Order> {
  const { name, product, holdId = await holdByHand(load, buyer) } = buyer
  const reference = `pi_${name}`
  const request = {
    path: '/api/orders',
    body: { hold_id: holdId, payment_intent_id: reference },
  }
  const key = `${name}-order`
  const order = await load.execute({ op: 'order', process: name, product, key, request })
  const body = order?.body ?? {}
  const orderId = String(body['order_id'])
  return {
    orderId,
    product,
    reference,
    amount: Number(body['amount']),
    currency: String(body['currency']),
    names: { order_id: orderId },
    body,
  }
}

export async function cancelByHand(
  { execute }: Load,
  { name, product, orderId }: ByHand & { orderId: string },
): Promise<void> {
  const request = { method: 'POST', path: `/api/orders/${orderId}/cancel` } as const
  await execute({ op: 'cancel', process: name, product, key: `${name}-cancel`, request })
}
