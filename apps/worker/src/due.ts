/** What is due in a lane, as commands; and what to do about a hold or order that cannot be expired. */
import {
  type Decided,
  EXPIRE_MAX,
  EXPIRY_GRACE_MS,
  type ExpireDue,
  type ExpiryBatch,
  formatId,
  type Layout,
} from '@flashlane/core'
import type { Draw } from './draw.ts'
import type { Mysql } from './mysql.ts'

const SET_ASIDE_MS = 600_000

export type Due = {
  /** One command a product; none for what was set aside. `isFull`: there may be more. */
  find(lane: string, batch: ExpiryBatch): Promise<{ commands: ExpireDue[]; isFull: boolean }>
  /** Learns from what failed: next time each of the product's goes on its own, and the one that fails alone rests. */
  learn(decided: readonly Decided[]): void
}

type Deps = {
  readonly mysql: Pick<Mysql, 'readClockMs' | 'dueInLane'>
  readonly layout: Layout
  readonly draw: Draw
}

export function createDue({ mysql, layout, draw }: Deps): Due {
  const oneByOne = new Set<number>()
  const setAside = new Map<string, number>()

  return {
    async find(lane, { cutoffMs }) {
      const beforeMs = Math.min(cutoffMs, await mysql.readClockMs()) - EXPIRY_GRACE_MS
      const due = await mysql.dueInLane({ lane, layout, beforeMs, limit: EXPIRE_MAX })
      const sound = due.filter(({ id }) => (setAside.get(id) ?? 0) <= Date.now())
      const byProduct = Map.groupBy(sound, (each) => each.productId)
      const commands = [...byProduct].flatMap(([productId, own]) => {
        const ids = own.map((each) => each.id)
        const groups = oneByOne.has(productId) ? ids.map((id) => [id]) : [ids]
        return groups.map(
          (group): ExpireDue => ({
            type: 'ExpireDue',
            commandId: formatId('cmd', productId, draw(cutoffMs)),
            productId,
            acceptedAtMs: cutoffMs,
            cutoffMs,
            ids: group,
          }),
        )
      })
      return { commands, isFull: due.length === EXPIRE_MAX && sound.length > 0 }
    },

    learn(decided) {
      for (const { command, outcome } of decided) {
        if (command.type !== 'ExpireDue') continue
        if (outcome.outcome !== 'error') oneByOne.delete(command.productId)
      }
      for (const { command, outcome } of decided) {
        if (command.type !== 'ExpireDue' || outcome.outcome !== 'error') continue
        const [id, ...others] = command.ids
        if (others.length > 0) oneByOne.add(command.productId)
        else if (id !== undefined) setAside.set(id, Date.now() + SET_ASIDE_MS)
      }
    },
  }
}
