/** What BullMQ calls with each job of a lane. */
import {
  type Batch,
  BATCH_AGE_MS_MAX,
  BATCH_FORMAT,
  type CommandBatch,
  packedBatch,
  unpackBatch,
} from '@flashlane/core'
import { type Job, type Queue, RateLimitError } from 'bullmq'
import type { Logger } from '@flashlane/log'
import type { Metrics } from './metrics.ts'
import { z } from 'zod'
import type { UntilDone } from './until-done.ts'

export type Parsed =
  | { readonly kind: 'batch'; readonly batch: Batch }
  /** Made by a newer version: another worker will know it. */
  | { readonly kind: 'newer' }
  | { readonly kind: 'broken'; readonly error: string }

const formatOnly = z.object({ format: z.int() })

export function parseBatch(data: unknown, nowMs: number): Parsed {
  const format = formatOnly.safeParse(data)
  if (format.success && format.data.format > BATCH_FORMAT) return { kind: 'newer' }
  const parsed = packedBatch.safeParse(data)
  if (!parsed.success) return { kind: 'broken', error: z.prettifyError(parsed.error) }
  // A stale job of a restored Redis: what it would repeat may be past the journal's retention.
  if (nowMs - parsed.data.madeAtMs > BATCH_AGE_MS_MAX) return { kind: 'broken', error: 'too old' }
  return { kind: 'batch', batch: unpackBatch(parsed.data) }
}

/** Of jobs in their order, the batches of commands before the first that is anything else. */
export function commandBatches(jobs: readonly string[], nowMs: number): readonly CommandBatch[] {
  const batches: CommandBatch[] = []
  for (const data of jobs) {
    const parsed = parseBatch(JSON.parse(data), nowMs)
    if (parsed.kind !== 'batch' || parsed.batch.kind !== 'commands') break
    batches.push(parsed.batch)
  }
  return batches
}

type Deps = {
  readonly queue: Pick<Queue, 'rateLimit'>
  readonly nowMs: () => number
  readonly handle: (batch: Batch, signal: AbortSignal) => Promise<void>
  readonly bury: (job: Job<unknown>, error: string) => Promise<void>
  readonly untilDone: UntilDone
  readonly metrics: Pick<Metrics, 'putBack'>
  readonly log: Logger
  /** Aborted when shutdown waits no longer. */
  readonly signal: AbortSignal
}

const UNKNOWN_FORMAT_PAUSE_MS = 1_000

/** Applies one batch, however long it takes. RateLimitError, all that is thrown, puts the job back at the head of its lane. */
export const makeProcessor =
  ({ queue, nowMs, handle, bury, untilDone, metrics, log, signal }: Deps) =>
  async (job: Job<unknown>, _token?: string, lockLost?: AbortSignal): Promise<void> => {
    const ends = lockLost ? AbortSignal.any([signal, lockLost]) : signal
    try {
      const parsed = parseBatch(job.data, nowMs())
      if (parsed.kind === 'batch') return await handle(parsed.batch, ends)
      if (parsed.kind === 'broken') {
        return await untilDone(() => bury(job, parsed.error), {
          signal: ends,
          what: `job ${job.id}`,
        })
      }
      // Pauses this worker only: another one knows the newer format.
      await queue.rateLimit(UNKNOWN_FORMAT_PAUSE_MS)
    } catch (error) {
      log.warn({ err: error, jobId: job.id }, 'batch put back')
    }
    metrics.putBack()
    throw new RateLimitError()
  }
