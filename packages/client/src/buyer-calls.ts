/** What a shop's front end calls for its buyers. */
import type { CommandCall, CommandOptions, Commands } from './commands.ts'
import type {
  Body,
  Hold,
  HoldDetails,
  Order,
  OrderDetails,
  Product,
  ProductPage,
  Query,
  Success,
} from './schemas.ts'
import type { Call, CallOptions, Send } from './send.ts'

/** A key is told in `idempotencyKey`, by one name; an unkeyed command is not sent. */
type Unkeyed<Id extends 'placeHold' | 'placeOrder' | 'extendHold'> = Omit<
  Body<Id>,
  'idempotency_key'
>

export type PaymentEvent = Body<'tellPayment'> & Readonly<Record<string, unknown>>

type Deps = {
  readonly send: Send
  readonly execute: Commands['execute']
  readonly customerRef: string | undefined
}

export function buyerCalls({ send, execute, customerRef }: Deps) {
  const ofCustomer = customerRef === undefined ? {} : { customer_ref: customerRef }

  async function get<Result>(path: string, options?: CallOptions, query: Call['query'] = {}) {
    const { body } = await send({ method: 'GET', path, query }, options)
    return body as Result
  }

  const listProducts = (query: Query<'listProducts'> = {}, options?: CallOptions) =>
    get<ProductPage>('/api/products', options, query)

  const showProduct = (productId: number, options?: CallOptions) =>
    get<Product>(`/api/products/${productId}`, options)

  const showHold = (holdId: string, options?: CallOptions) =>
    get<HoldDetails>(holdPath(holdId), options)

  const showOrder = (orderId: string, options?: CallOptions) =>
    get<OrderDetails>(orderPath(orderId), options)

  const placeHold = ((fields: Unkeyed<'placeHold'>, options?: CommandOptions) =>
    execute(
      { method: 'POST', path: '/api/holds', body: { ...ofCustomer, ...fields } },
      options,
    )) as CommandCall<[fields: Unkeyed<'placeHold'>], Hold, 'hold_id'>

  const extendHold = ((holdId: string, fields: Unkeyed<'extendHold'>, options?: CommandOptions) =>
    execute(
      { method: 'POST', path: `${holdPath(holdId)}/extend`, body: fields },
      options,
    )) as CommandCall<[holdId: string, fields: Unkeyed<'extendHold'>], Hold, 'hold_id'>

  const releaseHold = ((holdId: string, options?: CommandOptions) =>
    execute({ method: 'DELETE', path: holdPath(holdId) }, options)) as CommandCall<
    [holdId: string],
    Hold,
    'hold_id'
  >

  const placeOrder = ((fields: Unkeyed<'placeOrder'>, options?: CommandOptions) =>
    execute(
      { method: 'POST', path: '/api/orders', body: { ...ofCustomer, ...fields } },
      options,
    )) as CommandCall<[fields: Unkeyed<'placeOrder'>], Order, 'order_id'>

  const cancelOrder = ((orderId: string, options?: CommandOptions) =>
    execute({ method: 'POST', path: `${orderPath(orderId)}/cancel` }, options)) as CommandCall<
    [orderId: string],
    Order,
    'order_id'
  >

  /** As a payment provider would, for tests: the unsigned webhook. An event without a key is given one. */
  async function tellPayment(
    event: PaymentEvent,
    options?: CallOptions,
  ): Promise<Success<'tellPayment'> | { status: 'accepted'; event_id: string }> {
    const hasKey = [event.idempotency_key, event.webhook_key, event.id].some((key) => key != null)
    const { body } = await send(
      {
        method: 'POST',
        path: '/api/payments/webhook',
        body: event,
        ...(hasKey ? {} : { idempotencyKey: crypto.randomUUID() }),
      },
      options,
    )
    return body as Success<'tellPayment'>
  }

  return {
    listProducts,
    showProduct,
    placeHold,
    extendHold,
    releaseHold,
    showHold,
    placeOrder,
    showOrder,
    cancelOrder,
    tellPayment,
  }
}

const holdPath = (holdId: string): string => `/api/holds/${encodeURIComponent(holdId)}`
const orderPath = (orderId: string): string => `/api/orders/${encodeURIComponent(orderId)}`
