/** What this process hears over its one subscribed connection. Messages get lost with it: whoever listens has another way to know. */
import { invariant } from '@flashlane/core'
import type { Redis } from 'ioredis'

const PING_EACH_MS = 1_000
/** Of one command, when all are subscribed anew. */
const CHANNELS_A_COMMAND = 1_000

export type Listener = {
  heard(message: string): void
  /** Called whenever the subscription stands: what came before was missed. */
  subscribed?(): void
}

/** Returns what ends the subscription. A channel has one listener. */
export type Subscribe = (channel: string, listener: Listener) => () => void

type SubscriptionsDeps = { readonly redis: Redis; onFault(error: unknown): void }

export type Subscriptions = ReturnType<typeof createSubscriptions>

export function createSubscriptions({ redis, onFault }: SubscriptionsDeps) {
  const listeners = new Map<string, Listener>()

  /** Without a connection nothing is sent: the next one subscribes to all. */
  function send(channels: readonly string[]): void {
    if (redis.status !== 'ready') return
    const asked = channels.map((channel) => [channel, listeners.get(channel)] as const)
    redis.subscribe(...channels).then(() => {
      for (const [channel, listener] of asked) {
        if (listener && listeners.get(channel) === listener) listener.subscribed?.()
      }
    }, onFault)
  }

  const sendAll = () => {
    const channels = [...listeners.keys()]
    for (let i = 0; i < channels.length; i += CHANNELS_A_COMMAND) {
      send(channels.slice(i, i + CHANNELS_A_COMMAND))
    }
  }
  redis.on('ready', sendAll)
  redis.on('message', (channel: string, message: string) => {
    try {
      listeners.get(channel)?.heard(message)
    } catch (error) {
      onFault(error)
    }
  })
  // Nothing is sent over this connection otherwise, so that a dead one would never be found out.
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(onFault)
  }, PING_EACH_MS)
  timer.unref()

  const subscribe: Subscribe = (channel, listener) => {
    invariant(!listeners.has(channel), 'a channel has one listener', { channel })
    listeners.set(channel, listener)
    send([channel])
    return () => {
      if (listeners.get(channel) !== listener) return
      listeners.delete(channel)
      if (redis.status === 'ready') redis.unsubscribe(channel).catch(onFault)
    }
  }

  return { subscribe, stop: (): void => clearInterval(timer) }
}
