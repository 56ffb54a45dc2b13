/** Orders: placed and cancelled down the lane, read from MySQL. */
import { type CancelOrder, formatId, parseId, type PlaceOrder, type Product } from '@flashlane/core'
import type { OrderView } from '@flashlane/db'
import type { Context } from 'hono'
import { readJson, readOptionalJson } from '../body.ts'
import type { Catalogue } from '../catalogue.ts'
import { ALIASES } from '../compat.ts'
import type { MakeHead } from '../command-head.ts'
import type { Execute } from '../execute.ts'
import { eitherOf, emptyBody } from '../fields.ts'
import { readKey } from '../idempotency.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { cancelOrder, orderBody, placeOrder, showOrder } from '../openapi/orders.ts'
import { readId } from '../path-id.ts'
import { Fault } from '../problem.ts'
import type { LimitCustomer } from '../rate-limit.ts'
import { respond } from '../respond.ts'
import { orderView } from '../views.ts'
import { readWait } from '../wait.ts'

export type OrderDeps = {
  readonly execute: Execute
  readonly makeHead: MakeHead
  readonly catalogue: Pick<Catalogue, 'has'>
  findOrder(orderId: string): Promise<OrderView | null>
  readProduct(productId: number): Promise<Product | null>
  readonly paymentDueS: number
  readonly limitCustomer?: LimitCustomer | undefined
  readonly waitS: number
}

export function addOrderRoutes(app: App, deps: OrderDeps): void {
  const { execute, makeHead, catalogue, paymentDueS, waitS } = deps

  async function place(c: Context): Promise<Response> {
    const body = await readJson(c, orderBody)
    const { hold_id: holdId, customer_ref: customerRef = null } = body
    const reference = eitherOf(
      ['payment_intent_id', body.payment_intent_id],
      ['payment_ref', body.payment_ref],
    )
    const key = readKey(c, body.idempotency_key)
    const hold = parseId(holdId)
    if (hold?.kind !== 'hold' || !(await catalogue.has(hold.productId))) {
      throw new Fault('hold_not_found')
    }
    if (deps.limitCustomer && customerRef !== null) await deps.limitCustomer(c, customerRef)

    const { productId } = hold
    const paymentRef = reference ?? null
    const payment = body.payment_status === 'cash_on_delivery' ? 'cash_on_delivery' : 'online'
    const fields = [holdId, paymentRef, payment]
    const { x, head } = makeHead(c, {
      operation: 'PlaceOrder',
      productId,
      customerRef,
      key,
      fields,
    })
    const command: PlaceOrder = {
      type: 'PlaceOrder',
      orderId: formatId('ord', productId, x),
      holdId,
      paymentRef,
      customerRef,
      payment,
      paymentDueMs: paymentDueS * 1_000,
      ...head,
    }
    return execute(c, command, readWait(c, waitS))
  }

  async function cancel(c: Context): Promise<Response> {
    const { id: orderId, productId } = await readId(c, 'ord', catalogue)
    const body = await readOptionalJson(c, emptyBody)
    const { head } = makeHead(c, {
      operation: 'CancelOrder',
      productId,
      customerRef: null,
      key: readKey(c, body.idempotency_key),
      fields: [orderId],
    })
    const command: CancelOrder = { type: 'CancelOrder', ...head, orderId }
    return execute(c, command, readWait(c, waitS))
  }

  async function show(c: Context): Promise<Response> {
    const { id, productId } = await readId(c, 'ord', catalogue)
    const found = await deps.findOrder(id)
    if (!found) throw new Fault('order_not_found')
    const product = await deps.readProduct(productId)
    return respond(c, 200, orderView(found.order, found.refunds, product))
  }

  addRoute(app, placeOrder, place, ALIASES.placeOrder)
  addRoute(app, showOrder, show)
  addRoute(app, cancelOrder, cancel)
}
