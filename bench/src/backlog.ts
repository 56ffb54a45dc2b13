/** Clients who do not wait for their outcome, and what a worker makes of the commands that they leave in the lane. */
import type { RowDataPacket } from 'mysql2/promise'
import { HOLD } from './contest.ts'
import { processesOf } from './contestants/contestant.ts'
import type { Flashlane } from './contestants/flashlane.ts'
import { type Run, runWrk } from './load/wrk.ts'
import { BUSY_SHARE_MAX } from './measure.ts'
import { type ProcessorUs, startMeter } from './proc.ts'
import { until } from './until.ts'

const CLIENTS = 256
const FILL_S = 1
const DRAINED_MS_MAX = 180_000
const LOOK_EACH_MS = 100
const STILL_LOOKS = 5

const enqueue = ({ url }: Flashlane, seconds: number): Promise<Run> =>
  runWrk({ ...HOLD, url, clients: CLIENTS, seconds, prefer: 'respond-async' })

/** Fills a lane that nobody empties with `commands`, or somewhat more. */
export async function fillLane(flashlane: Flashlane, commands: number): Promise<number> {
  let waiting = 0
  while (waiting < commands) {
    const run = await enqueue(flashlane, FILL_S)
    // Some may be told to come later, where the machine stood still for a moment: they do not wait in the lane.
    if (run.lost > 0 || run.granted === 0)
      throw new Error(`the lane took ${run.granted} commands, and lost ${run.lost}`)
    waiting += run.granted
  }
  return waiting
}

export type Drained = { readonly perSecond: number; readonly processorUs: ProcessorUs }

/** Starts the worker, and tells its commands a second between the first commit and the last. */
export async function drain(flashlane: Flashlane): Promise<Drained> {
  const seqBefore = await lastSeq(flashlane)
  await flashlane.startWorker()
  await until(async () => (await lastSeq(flashlane)) > seqBefore, {
    withinMs: DRAINED_MS_MAX,
    what: 'the worker begins',
  })
  const meter = startMeter(processesOf(flashlane))
  const seqBegun = await lastSeq(flashlane)
  await untilEmpty(flashlane)
  const [first, ...rest] = await entriesSince(flashlane, seqBefore)
  const end = rest.at(-1)
  if (!first || !end) throw new Error('the backlog was applied in one batch: make it longer')
  const processorUs = meter(sum(rest.filter(({ seq }) => seq > seqBegun)))
  // The first batch was applied before the clock began.
  return { perSecond: (sum(rest) * 1_000) / (end.appliedAtMs - first.appliedAtMs), processorUs }
}

export type Applied = {
  readonly accepted: number
  readonly applied: number
  readonly faults: readonly string[]
}

/** Accepted and applied a second, while clients leave commands behind; returns when all of them are applied. */
export async function applying(flashlane: Flashlane, seconds: number): Promise<Applied> {
  const seqBefore = await lastSeq(flashlane)
  const unitsBefore = Number(await flashlane.granted())
  const startMs = performance.now()
  const run = await enqueue(flashlane, seconds)
  const seqAfter = await lastSeq(flashlane)
  const tookS = (performance.now() - startMs) / 1_000
  const entries = await entriesSince(flashlane, seqBefore)
  await untilEmpty(flashlane)
  const units = Number(await flashlane.granted()) - unitsBefore
  return {
    accepted: run.granted / seconds,
    applied: sum(entries.filter(({ seq }) => seq <= seqAfter)) / tookS,
    faults: [
      ...(run.refused + run.lost <= run.granted * BUSY_SHARE_MAX
        ? []
        : [`${run.refused + run.lost} were not accepted, and ${run.granted} were`]),
      ...(units >= run.granted ? [] : [`${run.granted} were accepted, and ${units} applied`]),
    ],
  }
}

async function untilEmpty(flashlane: Flashlane): Promise<void> {
  let last = -1
  let still = 0
  await until(
    async () => {
      const now = await lastSeq(flashlane)
      still = now === last ? still + 1 : 0
      last = now
      return still === STILL_LOOKS
    },
    { withinMs: DRAINED_MS_MAX, everyMs: LOOK_EACH_MS, what: 'all that waited is applied' },
  )
}

async function lastSeq({ pool }: Flashlane): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>(
    'select max(seq) as seq from journal where product_id = 1',
  )
  return Number(row?.['seq'])
}

type Entry = { readonly seq: number; readonly appliedAtMs: number; readonly commands: number }

async function entriesSince({ pool }: Flashlane, seqBefore: number): Promise<readonly Entry[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `select seq, applied_at_ms, json_length(body) as commands from journal
      where product_id = 1 and seq > ? order by seq`,
    [seqBefore],
  )
  return rows.map((row) => ({
    seq: Number(row['seq']),
    appliedAtMs: Number(row['applied_at_ms']),
    commands: Number(row['commands']),
  }))
}

const sum = (entries: readonly Entry[]): number =>
  entries.reduce((total, { commands }) => total + commands, 0)
