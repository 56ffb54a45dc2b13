/** The commands of one lane that are not sent yet, in order of arrival. */
import type { Command } from '@flashlane/core'
import type { Waiter } from './waiter.ts'

type TakeLimits = { readonly commandsMax: number; readonly bytesMax: number }

export type LaneBuffer = {
  push(waiter: Waiter): void
  /** The next batch: what stands first, as much as the limits allow, and always something. */
  take(limits: TakeLimits): Waiter[]
  /** Removes what entered before `sinceMs`. */
  takeStale(sinceMs: number): Waiter[]
  size(): number
  oldestMs(): number
  /** A waiter that is not told yet is due. */
  becameDue(): void
  hasDue(): boolean
}

export function createLaneBuffer(): LaneBuffer {
  let waiters: Waiter[] = []
  let due = 0

  function cut(count: number): Waiter[] {
    const taken = count === waiters.length ? waiters : waiters.slice(0, count)
    waiters = count === waiters.length ? [] : waiters.slice(count)
    if (due > 0) {
      for (const waiter of taken) if (waiter.isDue) due--
    }
    return taken
  }

  return {
    push(waiter) {
      waiters.push(waiter)
      if (waiter.isDue) due++
    },
    take({ commandsMax, bytesMax }) {
      let bytes = 0
      let count = 0
      for (const { command } of waiters) {
        bytes += bytesOf(command)
        if (count > 0 && (count === commandsMax || bytes > bytesMax)) break
        count++
      }
      return cut(count)
    },
    takeStale(sinceMs) {
      let count = 0
      for (const waiter of waiters) {
        if (waiter.enteredMs >= sinceMs) break
        count++
      }
      return count === 0 ? [] : cut(count)
    },
    size: () => waiters.length,
    oldestMs: () => waiters[0]?.enteredMs ?? Number.POSITIVE_INFINITY,
    becameDue() {
      due++
    },
    hasDue: () => due > 0,
  }
}

const COMMAND_BYTES = 600
const BYTES_PER_CHARACTER_MAX = 3

/** About what a command weighs in a packet. Only payloads can be large; the rest is bounded by the schema. */
function bytesOf(command: Command): number {
  return command.type === 'RecordPayment'
    ? COMMAND_BYTES + command.payload.length * BYTES_PER_CHARACTER_MAX
    : COMMAND_BYTES
}
