/** What clients are shown: snake_case, ISO times, money in minor units. */
import {
  available,
  type Hold,
  type HoldResult,
  type Order,
  type OrderResult,
  type OrderStatus,
  type Payment,
  type Product,
  type Refund,
  sumOf,
} from '@flashlane/core'

let latestMs = 0
let latestIso = new Date(0).toISOString()

/** Holds of one batch have the same times: the latest is kept. */
function iso(ms: number): string {
  if (ms !== latestMs) {
    latestIso = new Date(ms).toISOString()
    latestMs = ms
  }
  return latestIso
}
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

/** How the sale of a product stands at an instant. */
export function saleState(product: Product, nowMs: number) {
  if (product.isPaused) return 'paused'
  if (product.saleStartsAtMs !== null && nowMs < product.saleStartsAtMs) return 'scheduled'
  if (product.saleEndsAtMs !== null && nowMs >= product.saleEndsAtMs) return 'ended'
  return 'open'
}

/** Each counter under every name that a client may know it by. */
export const productView = (product: Product, nowMs: number) => {
  const free = available(product)
  return {
    id: product.productId,
    name: product.name,
    description: product.description,
    image: product.image,
    price: product.price,
    currency: product.currency,
    stock_total: product.stockTotal,
    total_stock: product.stockTotal,
    stock: product.stockTotal,
    held: product.held,
    reserved: product.held,
    reserved_stock: product.held,
    sold: product.sold,
    sold_stock: product.sold,
    available_stock: free,
    available: free,
    is_sold_out: free === 0,
    sale_starts_at: isoOrNull(product.saleStartsAtMs),
    sale_ends_at: isoOrNull(product.saleEndsAtMs),
    max_per_hold: product.maxPerHold,
    max_per_customer: product.maxPerCustomer,
    sale_state: saleState(product, nowMs),
    version: product.version,
  }
}

/** What buyers are shown: where the shop wants it so, no more than that there are many. */
export function publicProductView(
  product: Product,
  { nowMs, stockShownMax }: { nowMs: number; stockShownMax: number | undefined },
) {
  const view = productView(product, nowMs)
  if (stockShownMax === undefined) return view
  const shown = Math.min(view.available, stockShownMax)
  return { ...view, ...HIDDEN, available_stock: shown, available: shown }
}

const HIDDEN = {
  stock_total: null,
  total_stock: null,
  stock: null,
  held: null,
  reserved: null,
  reserved_stock: null,
  sold: null,
  sold_stock: null,
}

export const holdResultView = (hold: HoldResult, version: number) => ({
  hold_id: hold.holdId,
  product_id: hold.productId,
  qty: hold.quantity,
  requested_qty: hold.requestedQuantity,
  unit_price: hold.unitPrice,
  currency: hold.currency,
  status: hold.status,
  expires_at: iso(hold.expiresAtMs),
  expires_in_seconds: Math.ceil(hold.expiresInMs / 1_000),
  version,
})

export const orderResultView = (order: OrderResult, version: number) => ({
  order_id: order.orderId,
  hold_id: order.holdId,
  product_id: order.productId,
  qty: order.quantity,
  amount: order.amount,
  currency: order.currency,
  status: order.status,
  payment_due_at: isoOrNull(order.paymentDueAtMs),
  created_at: iso(order.createdAtMs),
  version,
})

const PAYMENT_STATUS: Readonly<Record<OrderStatus, string>> = {
  pending: 'pending',
  paid: 'paid',
  confirmed: 'cash_on_delivery',
  cancelled: 'failed',
  expired: 'failed',
  refund_due: 'refund_due',
  refunded: 'refunded',
}

export const paymentStatus = (status: OrderStatus): string => PAYMENT_STATUS[status]

/** An order as a system tells it that keeps holds and orders in one table. */
export const orderAliases = ({
  orderId,
  amount,
  status,
}: Pick<OrderResult, 'orderId' | 'amount' | 'status'>) => ({
  id: orderId,
  payment_status: paymentStatus(status),
  total: amount,
  is_hold: false,
})

type Bought = Pick<Hold, 'productId' | 'quantity' | 'unitPrice'>

const itemsView = ({ productId, quantity, unitPrice }: Bought, product: Product | null) => [
  {
    product_id: productId,
    product_name: product?.name ?? null,
    quantity,
    price_per_unit: unitPrice,
    total_price: unitPrice * quantity,
  },
]

/** `product` gives the name and the version; a hold is shown without them when it cannot be read. */
export const holdView = (hold: Hold, product: Product | null, nowMs: number) => ({
  ...holdResultView(
    { ...hold, expiresInMs: hold.status === 'active' ? Math.max(0, hold.expiresAtMs - nowMs) : 0 },
    product?.version ?? hold.bornVersion,
  ),
  is_expired: hold.status === 'expired' || (hold.status === 'active' && hold.expiresAtMs <= nowMs),
  created_at: iso(hold.createdAtMs),
  ...(hold.orderId === null ? {} : { order_id: hold.orderId }),
  items: itemsView(hold, product),
})

export function orderView(order: Order, refunds: readonly Refund[], product: Product | null) {
  const [refund] = refunds
  return {
    ...orderResultView(order, product?.version ?? order.bornVersion),
    ...orderAliases(order),
    unit_price: order.unitPrice,
    payments: order.payments.map(paymentView),
    ...(order.latePayment ? { late_payment: true } : {}),
    ...(refund ? { refund: refundView(refund), refunds: refunds.map(refundView) } : {}),
    items: itemsView(order, product),
  }
}

const paymentView = (payment: Payment) => ({
  payment_ref: payment.reference,
  status: payment.status,
  amount: payment.amount,
  currency: payment.currency,
  // A provider may tell the whole after its parts: no more than the payment can go back.
  refunded: Math.min(payment.amount, sumOf(payment.refundParts, payment.amount)),
})

export const refundView = (refund: Refund) => ({
  refund_id: refund.refundId,
  payment_ref: refund.reference,
  amount: refund.amount,
  currency: refund.currency,
  status: refund.status,
  reason: refund.reason,
  created_at: iso(refund.createdAtMs),
})
