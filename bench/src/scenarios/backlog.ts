/** P12: a lane that filled while its worker was away, and how quickly one worker empties it. */
import { type Drained, drain, fillLane } from '../backlog.ts'
import type { Bench } from '../bench.ts'
import { flashlaneMemory, processorNote } from '../contest.ts'
import { WAYS } from '../contestants/contestant.ts'
import { type Flashlane, startFlashlane } from '../contestants/flashlane.ts'
import { STOCK } from '../contestants/start.ts'
import type { Section } from '../section.ts'

export async function backlog(bench: Bench): Promise<Section> {
  const { plan, say } = bench
  const flashlane = await startFlashlane(bench, { products: 1, stock: STOCK })
  const drained: Drained[] = []
  let accepted = 0
  for (let round = 0; round < plan.longRounds; round++) {
    await flashlane.stopWorker()
    const waiting = await fillLane(flashlane, plan.backlog)
    accepted += waiting
    const each = await drain(flashlane)
    say(`drained ${waiting.toLocaleString('en')} commands at ${Math.round(each.perSecond)}/s`)
    drained.push(each)
  }
  const faults = [...(await flashlane.audit()), ...(await auditUnits(flashlane, accepted))]
  const memory = flashlaneMemory(flashlane)
  await flashlane.stop()
  return {
    title: 'Draining a backlog',
    claims: [
      {
        scenario: 'P12',
        what: `applied of a backlog of ${plan.backlog.toLocaleString('en')}, one lane, one worker`,
        values: drained.map(({ perSecond }) => perSecond),
        unit: '/s',
        other: null,
        bar: { atLeast: 25_000 },
      },
    ],
    ceiling: [],
    memory,
    faults,
    notes: [
      processorNote(
        'command',
        WAYS.flashlane,
        drained.map(({ processorUs }) => processorUs),
      ),
    ],
  }
}

/** Whoever was told 202 has his unit; at most the clients whom each filling cut off have one more. */
async function auditUnits(flashlane: Flashlane, accepted: number): Promise<readonly string[]> {
  const granted = Number(await flashlane.granted())
  return granted >= accepted ? [] : [`${accepted} were accepted, and ${granted} granted`]
}
