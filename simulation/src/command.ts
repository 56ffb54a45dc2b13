/** Runs seeds, as many at once as there are cores. The first found to show a violation is told with its trace; then it ends with 1. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { FAULTS, isFault } from './faults.ts'
import { breaking, isMutation, MUTATIONS } from './mutations.ts'
import type { Run } from './run.ts'
import type { Share } from './seeds.ts'
import { short } from './trace.ts'

const SEED_MAX = 1_000_000_000
const TELL_EACH_MS = 10_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    mutation: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
const first = wholeOf('seed', values.seed ?? String(Math.floor(Math.random() * SEED_MAX)))
const seeds = wholeOf('seeds', values.seeds)
/** A broken rule comes with the faults that show it, unless others are asked for. */
const mutation =
  values.mutation === undefined ? null : known(values.mutation, isMutation, MUTATIONS)
const faults = values.faults?.split(',').map((name) => known(name.trim(), isFault, FAULTS)) ?? null
const asDrawn = mutation === null ? {} : { mutation, ...breaking(mutation) }

console.log(`seeds ${first} to ${first + seeds - 1}`)
const totals = { seeds: 0, steps: 0, operations: 0, answered: 0, faults: 0, violations: 0 }
const startedCpu = process.cpuUsage()
const startedMs = performance.now()
let toldMs = startedMs
const threads = Math.min(availableParallelism(), seeds)
await Promise.all(Array.from({ length: threads }, (_, n) => runShare(n)))
const { user, system } = process.cpuUsage(startedCpu)
const cpuS = (user + system) / 1e6
const tookS = (performance.now() - startedMs) / 1_000
console.log(
  `${totals.seeds} seeds: ${totals.steps} steps, ${totals.faults} faults, ${totals.operations} operations of clients, ${totals.answered} answered
${totals.violations} seeds with violations
${tookS.toFixed(1)} s: ${((seeds / tookS) * 60).toFixed(0)} seeds a minute; ${cpuS.toFixed(1)} s of CPU: ${((seeds / cpuS) * 60).toFixed(0)} a minute and core`,
)
process.exitCode = totals.violations > 0 ? 1 : 0

async function runShare(n: number): Promise<void> {
  const share: Share = {
    first: first + n,
    end: first + seeds,
    each: threads,
    options: faults ? { mutation, faults } : asDrawn,
    isTraced: values.trace,
  }
  const thread = new Worker(new URL('seeds.ts', import.meta.url), { workerData: share })
  thread.on('message', hear)
  await once(thread, 'exit')
}

function hear(result: Run): void {
  count(result)
  if (result.violations.length > 0) tellViolations(result)
  if (values.trace) console.log(short(result.lines.join('\n')), `\ntrace ${result.hash}`)
  if (performance.now() - toldMs < TELL_EACH_MS) return
  toldMs = performance.now()
  console.log(`${totals.seeds} of ${seeds}, ${totals.violations} with violations`)
}

function count(result: Run): void {
  totals.seeds++
  totals.steps += result.steps
  totals.operations += result.operations
  totals.answered += result.answered
  totals.faults += result.faults
  if (result.violations.length > 0) totals.violations++
}

function tellViolations({ seed, violations, lines }: Run): void {
  if (totals.violations === 1 && !values.trace) console.log(short(lines.join('\n')))
  for (const sentence of violations) console.log(`seed ${seed}: ${short(sentence)}`)
}

function wholeOf(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  return refuse(`--${name} is a whole number, and not ${text}`)
}

function known<Name extends string>(
  name: string,
  is: (name: string) => name is Name,
  all: Readonly<Record<string, unknown>>,
): Name {
  return is(name) ? name : refuse(`there is no ${name}, but ${Object.keys(all).join(', ')}`)
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
