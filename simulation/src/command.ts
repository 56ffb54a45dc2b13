/** Runs seeds one after another. The first that shows a violation is told with its trace; ends with 1 where there was one. */
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { FAULTS, isFault } from './faults.ts'
import { breaking, isMutation, MUTATIONS } from './mutations.ts'
import { type Run, run } from './run.ts'
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
// Faults make errors by the thousand, and nobody reads where they were made.
Error.stackTraceLimit = 0

console.log(`seeds ${first} to ${first + seeds - 1}`)
const totals = { steps: 0, operations: 0, answered: 0, faults: 0, violations: 0 }
const startedCpu = process.cpuUsage()
let toldMs = performance.now()
for (let seed = first; seed < first + seeds; seed++) {
  const result = await run(seed, faults ? { mutation, faults } : asDrawn)
  count(result)
  if (result.violations.length > 0) tellViolations(result)
  if (values.trace) console.log(short(result.lines.join('\n')), `\ntrace ${result.hash}`)
  if (performance.now() - toldMs > TELL_EACH_MS) {
    toldMs = performance.now()
    console.log(`${seed - first + 1} of ${seeds}, ${totals.violations} with violations`)
  }
  // Signals are heard between two seeds.
  await setImmediate()
}
const { user, system } = process.cpuUsage(startedCpu)
const cpuS = (user + system) / 1e6
console.log(
  `${seeds} seeds: ${totals.steps} steps, ${totals.faults} faults, ${totals.operations} operations of clients, ${totals.answered} answered
${totals.violations} seeds with violations
${cpuS.toFixed(1)} s of CPU: ${((seeds / cpuS) * 60).toFixed(0)} seeds a minute`,
)
process.exitCode = totals.violations > 0 ? 1 : 0

function count(result: Run): void {
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
