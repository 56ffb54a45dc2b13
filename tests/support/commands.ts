/** Commands as the api makes them; a test says only what matters to its claim. */
import {
  type AdjustStock,
  type CancelOrder,
  type ChangeProduct,
  type Command,
  drawX,
  type ExpireDue,
  type ExtendHold,
  formatId,
  type PlaceHold,
  type PlaceOrder,
  type RecordPayment,
  type ReleaseHold,
  type SettleRefund,
} from '@flashlane/core'
import { createProduct, type Database, type ProductTerms } from '@flashlane/db'
import { createHash, randomBytes } from 'node:crypto'

export const aBatchId = (): string => drawX(Date.now(), randomBytes(10))

export async function aProduct(
  database: Database,
  { stock, ...terms }: { stock: number } & Partial<ProductTerms>,
): Promise<number> {
  const fields = {
    name: 'Sneaker',
    description: '',
    image: null,
    price: 4_900,
    currency: 'USD',
    saleStartsAtMs: null,
    saleEndsAtMs: null,
    maxPerHold: null,
    maxPerCustomer: null,
    isPaused: false,
    ...terms,
    stockTotal: stock,
  }
  const product = await createProduct(database, fields, { x: aBatchId() })
  return product.productId
}

const head = (productId: number, x: string) => ({
  commandId: formatId('cmd', productId, x),
  productId,
  acceptedAtMs: Date.now(),
})

export function aPlaceHold(productId: number, over: Partial<PlaceHold> = {}): PlaceHold {
  const x = aBatchId()
  return {
    type: 'PlaceHold',
    ...head(productId, x),
    holdId: formatId('hold', productId, x),
    quantity: 1,
    ttlMs: 120_000,
    customerRef: null,
    ...over,
  }
}

export function aPlaceOrder(hold: PlaceHold, over: Partial<PlaceOrder> = {}): PlaceOrder {
  const x = aBatchId()
  return {
    type: 'PlaceOrder',
    ...head(hold.productId, x),
    orderId: formatId('ord', hold.productId, x),
    holdId: hold.holdId,
    paymentRef: null,
    customerRef: null,
    payment: 'online',
    paymentDueMs: 900_000,
    ...over,
  }
}

export const aReleaseHold = (hold: PlaceHold): ReleaseHold => ({
  type: 'ReleaseHold',
  ...head(hold.productId, aBatchId()),
  holdId: hold.holdId,
})

export const aCancelOrder = (order: PlaceOrder): CancelOrder => ({
  type: 'CancelOrder',
  ...head(order.productId, aBatchId()),
  orderId: order.orderId,
})

export const anAdjustStock = (productId: number, change: AdjustStock['change']): AdjustStock => ({
  type: 'AdjustStock',
  ...head(productId, aBatchId()),
  change,
})

export const anExtendHold = (hold: PlaceHold, over: Partial<ExtendHold> = {}): ExtendHold => ({
  type: 'ExtendHold',
  ...head(hold.productId, aBatchId()),
  holdId: hold.holdId,
  extendMs: 300_000,
  lifetimeMs: 600_000,
  extensionsMax: 2,
  ...over,
})

export const aChangeProduct = (
  productId: number,
  changes: ChangeProduct['changes'],
): ChangeProduct => ({ type: 'ChangeProduct', ...head(productId, aBatchId()), changes })

/** Of the order's first payment. */
export const aSettleRefund = (
  { productId, orderId }: PlaceOrder,
  status: SettleRefund['status'],
): SettleRefund => ({
  type: 'SettleRefund',
  ...head(productId, aBatchId()),
  orderId,
  refundId: `${orderId.replace('ord_', 'rfd_')}_0`,
  status,
})

export function aPayment(productId: number, over: Partial<RecordPayment> = {}): RecordPayment {
  const eventKey = over.eventKey ?? `evt_${aBatchId()}`
  return {
    type: 'RecordPayment',
    ...head(productId, aBatchId()),
    provider: 'generic',
    eventKey,
    kind: 'succeeded',
    orderId: null,
    holdId: null,
    paymentRef: null,
    amount: null,
    currency: null,
    refundId: null,
    releaseOnFailure: true,
    restockOnRefund: false,
    bodyHash: createHash('sha256').update(eventKey).digest('hex').slice(0, 32),
    payload: `{"id":"${eventKey}"}`,
    ...over,
  }
}

export const anExpireDue = (productId: number, ids: string[], cutoffMs: number): ExpireDue => ({
  type: 'ExpireDue',
  ...head(productId, aBatchId()),
  cutoffMs,
  ids,
})

export const aBatch = (commands: Command[]): { batchId: string; commands: Command[] } => ({
  batchId: aBatchId(),
  commands,
})
