/** What an operator looks at first. The help of each says what to conclude from it. */
import type { Command } from '@flashlane/core'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
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

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

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
  const observers = new Map<string, { observe(seconds: number): void }>()

  return {
    registry,
    inbox,
    badSignatures,
    reads,
    faults,
    added(result: AddResult, commands: number): void {
      batches.inc({ result })
      batchCommands.observe(commands)
    },
    answered(command: Command['type'], answer: Answer['kind'], ms: number): void {
      const key = `${command} ${answer}`
      let observer = observers.get(key)
      if (!observer) {
        observer = answerSeconds.labels(command, answer)
        observers.set(key, observer)
      }
      observer.observe(ms / 1_000)
    },
    watch(sources: Sources): void {
      const { waiting, inFlight, streams, polls, watchedProducts, canaryAgeMs } = sources
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
        'Since the last answered canary. Above a few seconds: Redis, the workers or MySQL do not work together.',
        () => (canaryAgeMs() ?? Number.NaN) / 1_000,
      )
    },
  }

  function gauge(name: string, help: string, read: () => number): void {
    const made = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read())
      },
    })
    registry.registerMetric(made)
  }
}
