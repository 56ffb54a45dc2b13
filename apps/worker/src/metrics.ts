/** What a worker tells of its work. Counted a batch at a time: a command costs a look into two maps. */
import type { Command, Outcome } from '@flashlane/core'
import { addGauge } from '@flashlane/telemetry'
import { Counter, Histogram, Registry } from 'prom-client'
import type { Applied } from './apply.ts'
import { causeOf } from './retry-cause.ts'

export type Metrics = ReturnType<typeof createMetrics>

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const waitSeconds = new Histogram({
    name: 'flash_worker_wait_seconds',
    help: 'From acceptance to application, of the oldest command in each batch. Above the wait of clients, they get 202.',
    buckets: SECONDS,
    registers,
  })
  const applySeconds = new Histogram({
    name: 'flash_worker_apply_seconds',
    help: 'From a batch in hand to its commit, retries included; where several of a lane share a transaction, its part. Its inverse bounds the batches a second of one lane.',
    buckets: SECONDS,
    registers,
  })
  const batchCommands = new Histogram({
    name: 'flash_worker_batch_commands',
    help: 'Commands a batch, as applied. Near 1: lanes are idle. Near BATCH_MAX: they are saturated.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  })
  const outcomes = new Counter({
    name: 'flash_worker_outcomes_total',
    help: 'What became of commands: accepted, refused for a reason, error, or repeated, the answer to a request that came again. A payment’s reason is its result. Any error is a bug: look at the dead letters.',
    labelNames: ['command', 'outcome', 'reason'] as const,
    registers,
  })
  // There from the start, so that the first one is seen to be one more.
  outcomes.inc({ command: 'RecordPayment', outcome: 'accepted', reason: 'payment_mismatch' }, 0)
  const expired = new Counter({
    name: 'flash_worker_expired_total',
    help: 'Holds and orders whose deadline passed. Many orders: buyers do not get through the payment.',
    labelNames: ['what'] as const,
    registers,
  })
  const retries = new Counter({
    name: 'flash_worker_retries_total',
    help: 'Tries that failed and were made again, by what they failed of. A lane waits meanwhile. Steadily: that service is in trouble.',
    labelNames: ['cause'] as const,
    registers,
  })
  const troubles = troubleCounters(registry)

  const tallies = new Map<Command['type'], Map<string, Tally>>()
  const startedMs = new Set<{ readonly ms: number }>()

  function tallyOf(command: Command['type'], outcome: Outcome): Tally {
    let ofCommand = tallies.get(command)
    if (!ofCommand) tallies.set(command, (ofCommand = new Map()))
    const word = wordOf(outcome)
    let tally = ofCommand.get(word)
    if (!tally) ofCommand.set(word, (tally = { labels: labelsOf(command, outcome), times: 0 }))
    return tally
  }

  addGauge(
    registry,
    {
      name: 'flash_worker_batches_in_work',
      help: 'Batches that this worker has in hand, one a lane at most. 0 in all workers while lanes are deep: none has them open.',
    },
    () => startedMs.size,
  )
  addGauge(
    registry,
    {
      name: 'flash_worker_longest_batch_seconds',
      help: 'How long the batch that is longest in hand has been tried. Above a few seconds: its lane is stuck, and the log says why.',
    },
    () => {
      const [first] = startedMs
      return first ? (performance.now() - first.ms) / 1_000 : 0
    },
  )

  return {
    registry,
    ...troubles,
    retried: (error: unknown): void => retries.inc({ cause: causeOf(error) }),

    /** A batch is in hand, until what it gives is called. */
    began(): () => void {
      const started = { ms: performance.now() }
      startedMs.add(started)
      return () => void startedMs.delete(started)
    },

    applied(applied: Applied, tookMs: number): void {
      const { decided, nowMs, letters } = applied
      applySeconds.observe(tookMs / 1_000)
      if (isRedelivered(applied)) troubles.redelivered()
      if (letters > 0) troubles.buried(letters)
      if (decided.length > 0) batchCommands.observe(decided.length)
      const [oldest] = decided
      if (oldest && nowMs !== null && oldest.command.type !== 'ExpireDue') {
        waitSeconds.observe(Math.max(0, nowMs - oldest.command.acceptedAtMs) / 1_000)
      }
      // prom-client hashes the labels with each call: one a batch and kind.
      const counted = new Set<Tally>()
      for (const { command, outcome } of decided) {
        const tally = tallyOf(command.type, outcome)
        if (tally.times++ === 0) counted.add(tally)
        if (outcome.outcome === 'accepted' && outcome.result.type === 'expired') {
          expired.inc({ what: 'hold' }, outcome.result.holds)
          expired.inc({ what: 'order' }, outcome.result.orders)
        }
      }
      for (const tally of counted) {
        outcomes.inc(tally.labels, tally.times)
        tally.times = 0
      }
    },
  }
}

type Labels = { readonly command: string; readonly outcome: string; readonly reason: string }
type Tally = { readonly labels: Labels; times: number }

/** A word for each kind of outcome that a command can have: no reason is a payment's result. */
function wordOf(outcome: Outcome): string {
  if (outcome.replayed) return 'repeated'
  if (outcome.outcome === 'refused') return outcome.reason
  if (outcome.outcome === 'accepted' && outcome.result.type === 'payment') {
    return outcome.result.result
  }
  return outcome.outcome
}

function labelsOf(command: string, outcome: Outcome): Labels {
  const word = wordOf(outcome)
  const kind = outcome.replayed ? 'repeated' : outcome.outcome
  return { command, outcome: kind, reason: word === kind ? '' : word }
}

/** Applied before, and answered from the journal; not what no try could apply. */
const isRedelivered = ({ nowMs, outcomes }: Applied): boolean =>
  nowMs === null && outcomes.some(({ outcome }) => outcome !== 'error')

/** What happens when something went wrong, and was mended. */
function troubleCounters(registry: Registry) {
  const count = (name: string, help: string): ((times?: number) => void) => {
    const counter = new Counter({ name, help, registers: [registry] })
    return (times = 1) => counter.inc(times)
  }
  return {
    redelivered: count(
      'flash_worker_redelivered_batches_total',
      'Batches that had been applied before, and took effect once. They come when a worker ends or freezes between commit and completion; up to four of a deep lane.',
    ),
    stalled: count(
      'flash_worker_stalled_batches_total',
      'Batches taken from a worker that let its lock run out: it was killed, frozen, or its event loop was blocked for seconds.',
    ),
    lockLost: count(
      'flash_worker_locks_lost_total',
      'Locks of batches that this worker could not renew in time: Redis was away, or its event loop was blocked.',
    ),
    putBack: count(
      'flash_worker_put_back_batches_total',
      'Batches put back at the head of their lane: at a shutdown, as they should be; otherwise for a lost lock, or because they are of a newer version.',
    ),
    buried: count(
      'flash_worker_dead_letters_total',
      'Dead letters written: commands or jobs that could not be applied. Each wants an operator.',
    ),
    sleepersKilled: count(
      'flash_worker_killed_sleepers_total',
      'Connections to MySQL ended because they slept with a row lock that a lane needed: a process was frozen, or a console forgot its transaction.',
    ),
    orphaned: count(
      'flash_worker_orphaned_payments_total',
      'Captured payments whose order did not come within PARKED_TTL_S. Their refunds are due.',
    ),
  }
}
