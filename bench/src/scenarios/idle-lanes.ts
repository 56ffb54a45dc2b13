/** P11: what a worker costs that waits at a thousand lanes, and nobody comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startFlashlane } from '../contestants/flashlane.ts'
import { STOCK } from '../contestants/start.ts'
import { cpuSeconds, maxMemoryMb } from '../proc.ts'
import type { Section } from '../section.ts'
import { until } from '../until.ts'

const LANES = 1_000
const OPEN_MS_MAX = 120_000
const SETTLE_MS = 2_000

export async function idleLanes(bench: Bench): Promise<Section> {
  const { plan, scratch, say } = bench
  const flashlane = await startFlashlane(bench, { products: LANES, stock: STOCK })
  await until(async () => (await clientsOf(scratch.server)) > LANES, {
    withinMs: OPEN_MS_MAX,
    what: `a worker opens ${LANES} lanes`,
  })
  await sleep(SETTLE_MS)

  const shares: number[] = []
  for (let round = 0; round < plan.longRounds; round++) {
    const { pid } = flashlane.worker()
    const before = { cpuS: cpuSeconds(pid), ms: performance.now() }
    await sleep(plan.idleSeconds * 1_000)
    const tookS = (performance.now() - before.ms) / 1_000
    shares.push(((cpuSeconds(pid) - before.cpuS) / tookS) * 100)
    say(`${LANES} idle lanes: ${shares.at(-1)?.toFixed(1)} % of a core`)
  }
  const worker = maxMemoryMb(flashlane.worker().pid)
  const api = maxMemoryMb(flashlane.api().pid)
  const faults = await flashlane.audit()
  await flashlane.stop()
  return {
    title: 'A thousand idle lanes',
    claims: [
      {
        scenario: 'P11',
        what: `processor, a worker with ${LANES} idle lanes`,
        values: shares,
        unit: '% of a core',
        other: null,
        bar: { atMost: 10 },
      },
      {
        scenario: 'P11',
        what: `memory, a worker with ${LANES} idle lanes`,
        values: [worker],
        unit: 'MB',
        other: null,
        bar: { atMost: 600 },
      },
    ],
    ceiling: [],
    memory: [
      { process: 'worker', mb: worker, mbMax: null },
      { process: 'api', mb: api, mbMax: null },
    ],
    faults,
    notes: [`over ${plan.idleSeconds} s, from /proc`],
  }
}

async function clientsOf(server: Bench['scratch']['server']): Promise<number> {
  const info = await server.info('clients')
  return Number(/^connected_clients:(\d+)/m.exec(info)?.[1])
}
