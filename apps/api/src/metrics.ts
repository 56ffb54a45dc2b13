/** What an operator looks at first. The help of each says what to conclude from it. */
import type { Command, CommandBatch } from '@flashlane/core'
import { addGauge } from '@flashlane/telemetry'
import { Counter, Histogram, Registry } from 'prom-client'
import type { AddResult } from './lanes.ts'
import type { Answer } from './dispatch/waiter.ts'

export type Metrics = ReturnType<typeof createMetrics>

type Sources = {
  waiting(): number
  inFlight(): number
  streams(): number
  polls(): number
  watchedProducts(): number
  canaryAgeMs(): number | null
}

type Observer = { observe(seconds: number): void }

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]

  const answerSeconds = new Histogram({
    name: 'flash_api_answer_seconds',
    help: 'From a valid request to what its client is told. Grows with the lane; if the worker’s apply time does not, lanes are long.',
    labelNames: ['command', 'answer'] as const,
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const batchCommands = new Histogram({
    name: 'flash_api_batch_commands',
    help: 'Commands a batch. Near 1: lanes are idle. Near BATCH_MAX: they are saturated, and clients wait.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  })
  const batches = new Counter({
    name: 'flash_api_batches_total',
    help: 'Batches by what Redis made of them. Anything but acknowledged: clients were told 503.',
    labelNames: ['result'] as const,
    registers,
  })
  // There from the start, so that the first one is seen to be one more.
  for (const result of ['not_sent', 'unknown'] as const) batches.inc({ result }, 0)
  const accepted = new Counter({
    name: 'flash_api_accepted_total',
    help: 'Commands that Redis acknowledged. From here on nothing is lost: compare with what the workers applied.',
    labelNames: ['command'] as const,
    registers,
  })
  const doorRefusals = new Counter({
    name: 'flash_api_door_refusals_total',
    help: 'Holds that the api refused itself, because their lane had just said that nothing is left. Once sold out, nearly all.',
    registers,
  })
  const lostReplies = new Counter({
    name: 'flash_api_lost_replies_total',
    help: 'Look-ups of batches in the journal because no reply came for a second, and again each second. Some: Redis restarted, or lanes are long. All: no worker can publish.',
    registers,
  })
  const inbox = new Counter({
    name: 'flash_api_inbox_events_total',
    help: 'Payment events put into MySQL because no lane took them in time. A burst: lanes are long, or Redis was away.',
    registers,
  })
  const badSignatures = new Counter({
    name: 'flash_api_bad_signatures_total',
    help: 'Webhooks refused for their signature. Some: somebody tries. All: a secret or a clock is wrong, and no payment is heard of.',
    registers,
  })
  const droppedConnections = new Counter({
    name: 'flash_api_dropped_connections_total',
    help: 'Connections closed at once because CONNECTIONS_MAX were open. Any: somebody hoards them, or more apis are needed.',
    registers,
  })
  const reads = new Counter({
    name: 'flash_api_product_reads_total',
    help: 'Product reads by where they were answered from. Mostly mysql: Redis is away, or no worker writes snapshots.',
    labelNames: ['source'] as const,
    registers,
  })
  const faults = new Counter({
    name: 'flash_api_faults_total',
    help: 'Errors that nothing caught: bugs. Any is worth a look at the log.',
    registers,
  })

  // Looked up once: prom-client hashes the labels each time.
  const observers = new Map<Command['type'], Map<Answer['kind'], Observer>>()
  function observerOf(command: Command['type'], answer: Answer['kind']): Observer {
    const ofCommand = observers.get(command) ?? new Map<Answer['kind'], Observer>()
    observers.set(command, ofCommand)
    const observer = answerSeconds.labels(command, answer)
    ofCommand.set(answer, observer)
    return observer
  }

  return {
    registry,
    inbox,
    doorRefusals,
    lostReplies,
    badSignatures,
    droppedConnections,
    reads,
    faults,
    added(result: AddResult, { commands }: CommandBatch): void {
      batches.inc({ result })
      batchCommands.observe(commands.length)
      if (result !== 'acknowledged') return
      for (const [command, times] of timesOf(commands)) accepted.inc({ command }, times)
    },
    answered(command: Command['type'], answer: Answer['kind'], ms: number): void {
      const observer = observers.get(command)?.get(answer) ?? observerOf(command, answer)
      observer.observe(ms / 1_000)
    },
    watch(sources: Sources): void {
      const { waiting, inFlight, streams, polls, watchedProducts, canaryAgeMs } = sources
      const gauge = (name: string, help: string, read: () => number | null): void =>
        addGauge(registry, { name, help }, read)
      gauge(
        'flash_api_waiting',
        'Clients that wait for an outcome; at 20,000 further ones get 503.',
        waiting,
      )
      gauge(
        'flash_api_batches_in_flight',
        'Batches whose outcome is not known yet. Only ever growing: nothing is applied.',
        inFlight,
      )
      gauge(
        'flash_api_streams',
        'Open streams of server-sent events; at 10,000 further ones get 503.',
        streams,
      )
      gauge(
        'flash_api_polls',
        'Polls that wait for a command; at 10,000 further ones are answered at once.',
        polls,
      )
      gauge(
        'flash_api_watched_products',
        'Products that a stream or a poll follows. Above 0 with neither: a leak.',
        watchedProducts,
      )
      gauge(
        'flash_api_canary_age_seconds',
        'Since the last answered canary. Above a few seconds, or not there: Redis, the workers or MySQL do not work together.',
        () => {
          const ageMs = canaryAgeMs()
          return ageMs === null ? null : ageMs / 1_000
        },
      )
    },
  }
}

function timesOf(commands: readonly Command[]): Map<Command['type'], number> {
  const times = new Map<Command['type'], number>()
  for (const { type } of commands) times.set(type, (times.get(type) ?? 0) + 1)
  return times
}
