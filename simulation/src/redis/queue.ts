/** A lane's queue as BullMQ keeps it in Redis: what waits, what is delayed, and what is active under which lock. */

export const LOCK_MS = 3_000

type Lock = { token: string; untilMs: number }

export type Queue = {
  readonly jobs: Map<string, string>
  /** The next one first. */
  wait: string[]
  delayed: { id: string; dueMs: number }[]
  readonly active: Map<string, Lock>
  /** Active when it was looked last, and not renewed since. */
  readonly stalled: Set<string>
  checkedMs: number
  /** Jobs that may be active at once; lost with the data, and set again by the workers. */
  concurrency: number
}

export type Taken = { readonly id: string; readonly data: string }

export const createQueue = (): Queue => ({
  jobs: new Map(),
  wait: [],
  delayed: [],
  active: new Map(),
  stalled: new Set(),
  checkedMs: Number.NEGATIVE_INFINITY,
  concurrency: Number.POSITIVE_INFINITY,
})

export const copyQueue = (queue: Queue): Queue => ({
  ...queue,
  jobs: new Map(queue.jobs),
  wait: [...queue.wait],
  delayed: [...queue.delayed],
  active: new Map([...queue.active].map(([id, lock]) => [id, { ...lock }])),
  stalled: new Set(queue.stalled),
})

type Added = { readonly id: string; readonly data: string; readonly delayMs: number }

/** An id that is there already is ignored. */
export function add(queue: Queue, { id, data, delayMs }: Added, nowMs: number): boolean {
  if (queue.jobs.has(id)) return false
  queue.jobs.set(id, data)
  if (delayMs > 0) queue.delayed.push({ id, dueMs: nowMs + delayMs })
  else queue.wait.push(id)
  return true
}

/** What has come due goes to the end. */
function promote(queue: Queue, nowMs: number): void {
  const due = queue.delayed.filter(({ dueMs }) => dueMs <= nowMs)
  if (due.length === 0) return
  queue.delayed = queue.delayed.filter(({ dueMs }) => dueMs > nowMs)
  due.sort((a, b) => a.dueMs - b.dueMs)
  queue.wait.push(...due.map(({ id }) => id))
}

export function take(queue: Queue, token: string, nowMs: number): Taken | null {
  promote(queue, nowMs)
  if (queue.active.size >= queue.concurrency) return null
  const id = queue.wait.shift()
  if (id === undefined) return null
  queue.active.set(id, { token, untilMs: nowMs + LOCK_MS })
  return { id, data: queue.jobs.get(id) ?? '' }
}

export function renew(queue: Queue, { id, token }: Held, nowMs: number): boolean {
  const lock = queue.active.get(id)
  if (!lock || lock.token !== token || lock.untilMs < nowMs) return false
  lock.untilMs = nowMs + LOCK_MS
  queue.stalled.delete(id)
  return true
}

export type Held = { readonly id: string; readonly token: string }

const isHeld = (queue: Queue, { id, token }: Held, nowMs: number): boolean => {
  const lock = queue.active.get(id)
  return lock !== undefined && lock.token === token && lock.untilMs >= nowMs
}

/** Done, and gone. */
export function complete(queue: Queue, held: Held, nowMs: number): boolean {
  if (!isHeld(queue, held, nowMs)) return false
  queue.active.delete(held.id)
  queue.stalled.delete(held.id)
  queue.jobs.delete(held.id)
  return true
}

export function putBack(
  queue: Queue,
  held: Held,
  { nowMs, atEnd }: { nowMs: number; atEnd: boolean },
): boolean {
  if (!isHeld(queue, held, nowMs)) return false
  queue.active.delete(held.id)
  queue.stalled.delete(held.id)
  if (atEnd) queue.wait.push(held.id)
  else queue.wait.unshift(held.id)
  return true
}

/** What was active at the last look, and whose lock is gone, is the next to be taken again. */
export function lookForStalled(
  queue: Queue,
  { nowMs, eachMs }: { nowMs: number; eachMs: number },
): number {
  if (nowMs - queue.checkedMs < eachMs) return 0
  queue.checkedMs = nowMs
  const lost = [...queue.stalled].filter((id) => (queue.active.get(id)?.untilMs ?? nowMs) < nowMs)
  for (const id of lost) {
    queue.active.delete(id)
    queue.wait.unshift(id)
  }
  queue.stalled.clear()
  for (const id of queue.active.keys()) queue.stalled.add(id)
  return lost.length
}

export const nextDueMs = (queue: Queue): number =>
  Math.min(...queue.delayed.map(({ dueMs }) => dueMs), Number.POSITIVE_INFINITY)
