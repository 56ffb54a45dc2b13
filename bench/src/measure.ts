/** One closed-loop run against a contestant, and what must be true of it. */
import { type Contestant, processesOf, WAYS } from './contestants/contestant.ts'
import { type Load, type Run, runWrk } from './load/wrk.ts'
import { type ProcessorUs, startMeter } from './proc.ts'
import { until } from './until.ts'

const SETTLED_MS_MAX = 60_000
const LOOK_EACH_MS = 100
/** A lane may need a moment for its next batch: it is still only when it was for so many looks. */
const STILL_LOOKS = 3
/** A server under such a load may say 503 now and then: that is no wrong answer, only none that counts. */
export const BUSY_SHARE_MAX = 0.01

export type Expected = 'granted' | 'refused'

export type Faults = string[]

/** With the processor time that each of the contestant's processes had for an answer, in microseconds. */
export type Measured = Run & { readonly processorUs: ProcessorUs }

/**
 * wrk breaks its connections off when its time is over: what they had asked for may still be granted. So the units that
 * went are the answers that came, and at most one more a client.
 */
export async function measure(
  contestant: Contestant,
  load: Omit<Load, 'url'>,
  { faults, expected = 'granted' }: { faults: Faults; expected?: Expected },
): Promise<Measured> {
  const before = await contestant.granted()
  const meter = startMeter(processesOf(contestant))
  const run = await runWrk({ ...load, url: contestant.url })
  const processorUs = meter(run.granted + run.refused)
  const after = await settled(contestant)
  const who = `${WAYS[contestant.way]}, ${load.method} ${load.path}, ${load.clients} clients`
  faults.push(...wrongAnswers(run, expected).map((fault) => `${who}: ${fault}`))
  if (before !== null && after !== null && load.method === 'POST') {
    const units = after - before
    if (units < run.granted || units > run.granted + load.clients)
      faults.push(`${who}: ${run.granted} were granted to clients, ${units} by the books`)
  }
  return { ...run, processorUs }
}

const RIGHT: Record<Expected, readonly string[]> = {
  granted: ['200', '201', '503'],
  refused: ['409', '503'],
}

/** Without the statuses, that there are few others is all that can be said. */
export function wrongAnswers(
  { granted, refused, lost, statuses }: Omit<Run, 'latencyMs'>,
  expected: Expected,
): string[] {
  const answers = granted + refused
  const faults = Object.entries(statuses)
    .filter(([status]) => !RIGHT[expected].includes(status))
    .map(([status, count]) => `${count} answers were ${status}`)
  const others = expected === 'granted' ? refused : granted + (statuses['503'] ?? 0)
  if (others > answers * BUSY_SHARE_MAX)
    faults.push(`${others} of ${answers} answers were not ${expected}`)
  if (lost > 0) faults.push(`${lost} requests were not answered`)
  return faults
}

/** What it grants after the clients have gone is done before the next one's turn. */
async function settled(contestant: Contestant): Promise<number | null> {
  let last = await contestant.granted()
  if (last === null) return null
  let still = 0
  await until(
    async () => {
      const now = await contestant.granted()
      still = now === last ? still + 1 : 0
      last = now
      return still === STILL_LOOKS
    },
    { withinMs: SETTLED_MS_MAX, everyMs: LOOK_EACH_MS, what: 'nothing is granted any more' },
  )
  return last
}
