/** For tests: what clients follow, over a Redis and a MySQL that do what the test says, and time that passes when told. */
import { formatId, type Product } from '@flashlane/core'
import type { StoredCommand } from '@flashlane/db'
import { Hono } from 'hono'
import { createManualTimers } from '../dispatch/manual-timers.ts'
import type { Place } from '../lanes.ts'
import { Fault, respondFault } from '../problem.ts'
import type { Listener } from '../subscriptions.ts'
import { createLive } from './live.ts'

export const PRODUCT = 7
export const BATCH = 'b'.repeat(26)
export const commandOf = (n: number): string =>
  formatId('cmd', PRODUCT, String(n).padStart(26, '0'))

const aProduct = (version: number): Product => ({
  productId: PRODUCT,
  name: 'Lamp',
  description: '',
  image: null,
  price: 1,
  currency: 'USD',
  stockTotal: 100,
  held: 0,
  sold: 0,
  saleStartsAtMs: null,
  saleEndsAtMs: null,
  maxPerHold: null,
  maxPerCustomer: null,
  isPaused: false,
  version,
  appliedAtMs: 1,
})

const applied: StoredCommand = {
  type: 'PlaceHold',
  outcome: { outcome: 'refused', reason: 'insufficient_stock', facts: {}, version: 3 },
  fingerprint: null,
  acceptedAtMs: 1,
  appliedAtMs: 2,
}

export function aLive({ streamsMax = 1_000 }: { streamsMax?: number } = {}) {
  const timers = createManualTimers()
  const listeners = new Map<string, Listener>()
  const queued = new Set<string>()
  const stored = new Map<string, StoredCommand>()
  const asked = { reads: 0, looks: [] as number[], finds: 0 }
  const place: Place = {
    isThere: true,
    isWaiting: true,
    jobsBefore: 2,
    earlierBefore: 2,
    commands: 10,
  }
  const lane = { place, isRedisAway: false }
  let version = 1
  const live = createLive({
    catalogue: { has: (productId) => productId === PRODUCT },
    async readProduct(productId) {
      asked.reads++
      return productId === PRODUCT ? aProduct(version) : null
    },
    async findCommand(commandId) {
      asked.finds++
      return stored.get(commandId) ?? null
    },
    queuedBatch: async (_productId, commandId) => (queued.has(commandId) ? BATCH : null),
    async stillQueued(_productId, ids) {
      if (lane.isRedisAway) throw new Error('Redis is away')
      asked.looks.push(ids.length)
      return new Set(ids.filter((id) => queued.has(id)))
    },
    placeOf: async () => lane.place,
    refreshSnapshots: async () => {},
    nowMs: () => 1,
    laneOf: (productId) => `p${productId}`,
    subscribe(channel, listener) {
      listeners.set(channel, listener)
      listener.subscribed?.()
      return () => void listeners.delete(channel)
    },
    timers,
    onFault: () => {},
    streamsMax,
  })
  const app = new Hono()
    .get('/products/:id/events', live.productEvents)
    .get('/commands/:id', live.showCommand)
    .get('/commands/:id/events', live.commandEvents)
  app.onError((error, c) => {
    if (error instanceof Fault) return respondFault(c, error)
    throw error
  })

  const publish = () => {
    for (const { heard } of listeners.values()) heard(String(version))
  }

  return {
    live,
    timers,
    asked,
    lane,
    listeners,
    queued,
    stored,
    version: () => version,
    get: async (path: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      app.request(path, signal ? { headers, signal } : { headers }),
    /** The worker commits, and tells, unless the message gets lost. */
    commit({ isLost = false }: { isLost?: boolean } = {}): void {
      version++
      if (!isLost) publish()
    },
    apply(commandId: string): void {
      stored.set(commandId, applied)
      queued.delete(commandId)
      this.commit()
    },
    publish,
  }
}

export type Shown = { readonly event: string; readonly id: string | null; readonly data: unknown }

/** Reads a stream as quickly as it comes. */
export function follow(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const seen = { text: '', isOver: false }
  const decoder = new TextDecoder()
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      seen.text += decoder.decode(value)
    }
    seen.isOver = true
  })()
  return {
    text: () => seen.text,
    isOver: () => seen.isOver,
    events: (): Shown[] => parseEvents(seen.text),
    versions: (): number[] => parseEvents(seen.text).map(({ id }) => Number(id)),
    close: () => reader.cancel(),
  }
}

export const parseEvents = (text: string): Shown[] =>
  text.split('\n\n').flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
    const event = field('event')
    return event === null
      ? []
      : [{ event, id: field('id'), data: JSON.parse(field('data') ?? 'null') as unknown }]
  })
