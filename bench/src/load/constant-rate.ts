/**
 * Open-loop load, a process of its own: a request each so often, whether the ones before were answered or not. Latency
 * counts from the moment a request was due, so that a server which stands still for a second shows a second.
 */
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../until.ts'
import { type Connection, openConnection } from './connection.ts'

export type ConstantRate = {
  readonly url: string
  readonly rate: number
  readonly seconds: number
  /** Before the seconds that count: connections are opened, and this program is compiled. */
  readonly warmSeconds: number
  readonly connections: number
}

const ROUND_MS = 1
const ANSWERS_MS_MAX = 60_000
const MICROS = 1_000

async function run({ url, rate, seconds, warmSeconds, connections }: ConstantRate) {
  const all = Array.from({ length: connections }, () => openConnection(url))
  const free: Connection[] = [...all]
  const late: number[] = []
  const wrong: string[] = []
  let histogram = createHistogram()
  let sent = 0
  let answered = 0

  async function ask(connection: Connection, dueMs: number): Promise<void> {
    const fault = await connection.post('/api/holds', '{"product_id":1,"qty":1}').then(
      ({ status, text }) => (isHold(status, text) ? null : `${status} ${text}`),
      (error: unknown) => String(error),
    )
    histogram.record(Math.max(1, Math.round((performance.now() - dueMs) * MICROS)))
    answered++
    if (fault !== null) wrong.push(fault)
    const next = late.shift()
    if (next === undefined) free.push(connection)
    else void ask(connection, next)
  }

  async function phase(phaseSeconds: number): Promise<void> {
    const total = rate * phaseSeconds
    const startMs = performance.now()
    const dueMsOf = (nth: number) => startMs + (nth * 1_000) / rate
    for (let due = 0; due < total; await sleep(ROUND_MS)) {
      const nowMs = performance.now()
      for (; due < total && dueMsOf(due) <= nowMs; due++) {
        sent++
        const connection = free.pop()
        if (connection) void ask(connection, dueMsOf(due))
        else late.push(dueMsOf(due))
      }
    }
    const withinMs = ANSWERS_MS_MAX
    await until(() => answered === sent, { withinMs, what: 'all requests are answered' })
  }

  await phase(warmSeconds)
  // What piled up while everything was cold is answered, and not counted.
  histogram = createHistogram()
  await phase(seconds)
  await Promise.all(all.map((connection) => connection.close()))

  const ms = (percentile: number) => histogram.percentile(percentile) / MICROS
  return {
    answered,
    granted: answered - wrong.length,
    wrong: wrong.slice(0, 3),
    latencyMs: { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9) },
  }
}

export type RateResult = Awaited<ReturnType<typeof run>>

function isHold(status: number, text: string): boolean {
  if (status !== 201) return false
  const body = JSON.parse(text) as { hold_id?: unknown; qty?: unknown }
  return typeof body.hold_id === 'string' && body.qty === 1
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as ConstantRate
  console.log(JSON.stringify(await run(options)))
}
