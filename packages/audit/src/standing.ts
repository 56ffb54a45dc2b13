/**
 * What stood at a checkpoint and has changed since, as it then was. The checkpoint does not have it: its row does, but
 * for what the entries after the checkpoint changed, and these say what was there before.
 */
import type { Hold } from '@flashlane/core'
import type { Checkpoint, OrderBook, RecordedChange } from '@flashlane/db'
import type { Books } from './books.ts'
import type { Entry } from './entry.ts'
import { orderOfRefund } from './names.ts'

export type Standing = { readonly holds: readonly Hold[]; readonly orders: readonly OrderBook[] }

type Fields = Readonly<Record<string, unknown>>

/** Told the entries after the checkpoint, in order and a stretch at a time. Keeps what they change, not what they make. */
export function createStanding(books: Books, { productId, seq, appliedAtMs }: Checkpoint) {
  const holds = new Map<string, Hold>()
  const orders = new Map<string, OrderBook>()
  /** By id, of holds, orders and refunds: the earliest value of each field. */
  const were = new Map<string, Fields>()
  /** Made since, and not ended: nearly all that changes, and none of it is to be looked up. */
  const fresh = new Set<string>()

  async function take(entries: readonly Entry[]): Promise<void> {
    const changes = entries.flatMap(({ commands }) => commands.flatMap((each) => each.changes))
    const named = { hold: new Set<string>(), order: new Set<string>() }
    for (const change of changes) {
      const { entity, id } = ownerOf(change)
      if (entity === null) continue
      if (change.before === null && change.entity === entity) fresh.add(id)
      if (!fresh.has(id) && !holds.has(id) && !orders.has(id)) named[entity].add(id)
      if (hasEnded(change)) fresh.delete(id)
    }
    for (const hold of await books.holds([...named.hold])) {
      if (hold.productId === productId && hold.bornVersion <= seq) holds.set(hold.holdId, hold)
    }
    for (const book of await books.orders(productId, { ids: [...named.order] })) {
      if (book.order.bornVersion <= seq) orders.set(book.order.orderId, book)
    }
    for (const change of changes) {
      const { id } = ownerOf(change)
      if (change.before === null || !(holds.has(id) || orders.has(id))) continue
      were.set(change.id, { ...change.before, ...were.get(change.id) })
    }
  }

  const asItWas = <Row extends object>(row: Row, id: string): Row => ({ ...row, ...were.get(id) })

  function standing(): Standing {
    return {
      holds: [...holds].map(([id, hold]) => asItWas(hold, id)),
      orders: [...orders].map(([id, { order, refunds }]) => ({
        order: asItWas(order, id),
        refunds: refunds
          .filter(({ createdAtMs }) => createdAtMs <= appliedAtMs)
          .map((refund) => asItWas(refund, refund.refundId)),
      })),
    }
  }

  return { take, standing }
}

/** Refunds are found by their order. */
function ownerOf({ entity, id }: Pick<RecordedChange, 'entity' | 'id'>): {
  readonly entity: 'hold' | 'order' | null
  readonly id: string
} {
  if (entity === 'hold' || entity === 'order') return { entity, id }
  if (entity === 'refund') return { entity: 'order', id: orderOfRefund(id) }
  return { entity: null, id }
}

/** A hold or order that is over changes seldom, if ever: forgotten, it is looked up. */
const hasEnded = ({ after }: RecordedChange): boolean =>
  'status' in after && after['status'] !== 'active' && after['status'] !== 'pending'
