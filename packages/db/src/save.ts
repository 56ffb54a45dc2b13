/** What a batch changed, as statements: one for each table and kind. */
import {
  type Change,
  type Decided,
  eventId,
  eventReference,
  isStored,
  netChanges,
  type Order,
} from '@flashlane/core'
import type { CompiledQuery } from 'kysely'
import { insertAlike, type JsonType } from './insert-alike.ts'
import {
  fromHex,
  type ProductTerms,
  rowOfEvent,
  rowOfHold,
  rowOfOrder,
  rowOfPayment,
  rowOfRefund,
  termsOf,
  toBytes,
} from './rows.ts'
import type { OutcomeRow, PaymentRow } from './schema.ts'
import {
  type ChangedRow,
  compiler,
  insertRows,
  type Key,
  type Row,
  updateChanged,
  updateRows,
} from './statements.ts'

const PUT_OFF_MS = 24 * 3_600_000

type Of<Entity extends Change['entity']> = Extract<Change, { entity: Entity }>

/** Statements that bring the database from what was loaded to what was decided. Products and journal are apart. */
export function savesOf(decided: readonly Decided[]): readonly CompiledQuery[] {
  const changes = netChanges(decided)
  const of = <Entity extends Change['entity']>(entity: Entity) =>
    changes.filter((change): change is Of<Entity> => change.entity === entity)
  return [
    ...saveTerms(of('product')),
    ...saveHolds(of('hold')),
    ...saveOrders(of('order')),
    ...savePayments(of('order')),
    ...saveRefunds(of('refund')),
    ...saveEvents(of('event'), decided),
    ...saveOutcomes(decided),
    ...putOffFailed(decided),
  ]
}

const isNew = (change: Change): boolean => change.before === null

/** Of what was there before, the rows that `rowOf` makes. */
const changedRows = <Value>(
  changes: readonly { readonly before: Value | null; readonly after: Value }[],
  rowOf: (value: Value) => Row,
): readonly ChangedRow[] =>
  changes.flatMap(({ before, after }) =>
    before === null ? [] : [{ before: rowOf(before), after: rowOf(after) }],
  )
const HOLD_KEY: readonly Key[] = [{ column: 'hold_id', type: 'ascii' }]
const ORDER_KEY: readonly Key[] = [{ column: 'order_id', type: 'ascii' }]
const REFUND_KEY: readonly Key[] = [{ column: 'refund_id', type: 'ascii' }]
const PAYMENT_KEY: readonly Key[] = [...ORDER_KEY, { column: 'n', type: 'number' }]
const EVENT_KEY: readonly Key[] = [
  { column: 'provider', type: 'ascii' },
  { column: 'event_key', type: 'bytes' },
]

/** What an operator changed of a product, and with a batch that is rare: the counters are saved with every one. */
function saveTerms(changes: readonly Of<'product'>[]): readonly CompiledQuery[] {
  const changed = changes.filter(({ before, after }) => before && !isEqual(before, after))
  return updateRows(
    'products',
    [{ column: 'product_id', type: 'number' }],
    changed.map(({ after }) => ({ product_id: after.productId, ...termsOf(after) })),
  )
}

const TERMS = [
  'name',
  'description',
  'image',
  'price',
  'currency',
  'saleStartsAtMs',
  'saleEndsAtMs',
  'maxPerHold',
  'maxPerCustomer',
  'isPaused',
] as const satisfies readonly (keyof ProductTerms)[]

const isEqual = (before: ProductTerms, after: ProductTerms): boolean =>
  TERMS.every((term) => before[term] === after[term])

/** In what the plain holds of a batch differ, over one product or several. */
export const HOLDS_DIFFER: ReadonlyMap<string, JsonType> = new Map([
  ['hold_id', 'ascii'],
  ['product_id', 'number'],
  ['quantity', 'number'],
  ['requested_qty', 'number'],
  ['unit_price', 'number'],
  ['ttl_ms', 'number'],
  ['expires_at_ms', 'number'],
  ['born_expires_at_ms', 'number'],
  ['born_version', 'number'],
])

const saveHolds = (changes: readonly Of<'hold'>[]): readonly CompiledQuery[] => [
  ...insertAlike(
    'holds',
    HOLDS_DIFFER,
    changes.filter(isNew).map(({ after }) => rowOfHold(after)),
  ),
  ...updateChanged(
    'holds',
    HOLD_KEY,
    changedRows(changes, (hold) => ({
      hold_id: hold.holdId,
      status: hold.status,
      expires_at_ms: hold.expiresAtMs,
      extensions: hold.extensions,
      order_id: hold.orderId,
      ended_at_ms: hold.endedAtMs,
    })),
  ),
]

const saveOrders = (changes: readonly Of<'order'>[]): readonly CompiledQuery[] => [
  ...insertRows(
    'orders',
    changes.filter(isNew).map(({ after }) => rowOfOrder(after)),
  ),
  ...updateChanged(
    'orders',
    ORDER_KEY,
    changedRows(changes, (order) => ({
      order_id: order.orderId,
      status: order.status,
      ended_at_ms: order.endedAtMs,
      late_payment: order.latePayment ? 1 : 0,
      own_payment: order.ownPayment,
    })),
  ),
]

function savePayments(changes: readonly Of<'order'>[]): readonly CompiledQuery[] {
  const fresh: PaymentRow[] = []
  const changed: PaymentRow[] = []
  for (const { before, after } of changes) {
    const rows = after.payments.map((payment, n) => rowOfPayment(after, n, payment))
    fresh.push(...rows.slice(before?.payments.length ?? 0))
    changed.push(...rows.filter((_, n) => isChanged(before, after, n)))
  }
  return [
    ...insertRows('payments', fresh),
    ...updateRows(
      'payments',
      PAYMENT_KEY,
      changed.map(({ product_id: _fixed, ...row }) => row),
    ),
  ]
}

function isChanged(before: Order | null, after: Order, n: number): boolean {
  const known = before?.payments[n]
  return known !== undefined && known !== after.payments[n]
}

const saveRefunds = (changes: readonly Of<'refund'>[]): readonly CompiledQuery[] => [
  ...insertRows(
    'refunds',
    changes.filter(isNew).map(({ after }) => rowOfRefund(after)),
  ),
  ...updateChanged(
    'refunds',
    REFUND_KEY,
    changedRows(changes, ({ refundId, status }) => ({ refund_id: refundId, status })),
  ),
]

function saveEvents(
  changes: readonly Of<'event'>[],
  decided: readonly Decided[],
): readonly CompiledQuery[] {
  if (changes.length === 0) return []
  const payloads = new Map<string, string>()
  for (const { command } of decided) {
    if (command.type === 'RecordPayment') payloads.set(eventId(command), command.payload)
  }
  return [
    ...insertRows(
      'payment_events',
      changes.filter(isNew).map(({ after }) => {
        const payload = payloads.get(eventId(after)) ?? ''
        return rowOfEvent(after, { payload, nextTryAtMs: after.acceptedAtMs })
      }),
    ),
    ...updateChanged(
      'payment_events',
      EVENT_KEY,
      changedRows(changes, (event) => {
        const reference = eventReference(event)
        return {
          provider: event.provider,
          event_key: toBytes(event.eventKey),
          state: event.state,
          reference: reference === null ? null : toBytes(reference),
          order_id: event.orderId,
          result: event.result,
          applied_at_ms: event.appliedAtMs,
        }
      }),
    ),
  ]
}

/** An event whose command failed is a dead letter, and the operators': it is not carried to its lane every minute. */
export function putOffFailed(decided: readonly Decided[]): readonly CompiledQuery[] {
  return decided.flatMap(({ command, outcome, appliedAtMs }) => {
    if (command.type !== 'RecordPayment' || outcome.outcome !== 'error') return []
    const { provider, eventKey } = command
    return [
      compiler
        .updateTable('payment_events')
        .set({ next_try_at_ms: appliedAtMs + PUT_OFF_MS })
        .where('provider', '=', provider)
        .where('event_key', '=', toBytes(eventKey))
        .where('state', '=', 'waiting')
        .compile(),
    ]
  })
}

const saveOutcomes = (decided: readonly Decided[]): readonly CompiledQuery[] =>
  insertRows('outcomes', outcomeRowsOf(decided))

/** Rows for the outcomes that neither a hold nor an order nor a payment event tells. */
export function outcomeRowsOf(decided: readonly Decided[]): OutcomeRow[] {
  const stored = decided.filter(({ command, outcome }) => isStored(command, outcome))
  return stored.map(({ command, outcome, appliedAtMs }) => ({
    command_id: command.commandId,
    type: command.type,
    body: JSON.stringify(outcome),
    fingerprint: command.fingerprint === undefined ? null : fromHex(command.fingerprint),
    accepted_at_ms: command.acceptedAtMs,
    applied_at_ms: appliedAtMs,
  }))
}
