/** A single order beside the crowd's, for what a row wants to try by hand. */
import type { Answer } from '../stage/http.ts'
import type { Load } from './load.ts'
import type { Payment } from './provider.ts'

let orders = 0

/** The payment that it waits for. */
export async function placeAnOrder({ execute }: Load, product: number): Promise<Payment> {
  const name = `order-by-hand-${++orders}`
  const ask = (op: 'hold' | 'order', path: string, body: object) =>
    execute({ op, process: name, product, key: `${name}-${op}`, request: { path, body } })
  const hold = await ask('hold', '/api/holds', { product_id: product, qty: 1 })
  const order = await ask('order', '/api/orders', { hold_id: hold?.body['hold_id'] })
  if (order?.status !== 201) throw new Error(`no order: ${JSON.stringify(order)}`)
  const { order_id: orderId, amount, currency } = order.body
  return {
    product,
    reference: `pi_${name}`,
    amount: Number(amount),
    currency: String(currency),
    names: { order_id: String(orderId) },
  }
}

export async function timed(
  ask: () => Promise<Answer | null>,
): Promise<{ readonly answer: Answer | null; readonly ms: number }> {
  const beginMs = performance.now()
  const answer = await ask()
  return { answer, ms: Math.round(performance.now() - beginMs) }
}
