/** P9: reads of a product, beside a GET that does nothing; and whether everybody sees what he wrote. */
import { askForProduct } from '../alike.ts'
import type { Bench } from '../bench.ts'
import { contest, contestantOf, keyOf, measureHolds, perSecond } from '../contest.ts'
import { type Way, WAYS } from '../contestants/contestant.ts'
import { runReaders } from '../load/client.ts'
import { measure } from '../measure.ts'
import type { Section } from '../section.ts'

const CROWD = 256
const BUYERS = 64
const GET = { method: 'GET', path: '/api/products/1' } as const

export async function reads(bench: Bench): Promise<Section> {
  const ways: Way[] = ['noop', 'flashlane']
  const pairings = ways.map((way) => ({ way, clients: CROWD }))
  const { result, memory, faults } = await contest(
    bench,
    { ways, ask: askForProduct },
    async (field) => {
      const flashlane = contestantOf(field, 'flashlane')
      const { seconds } = bench.plan
      // They look among others who only read.
      const [seen] = await Promise.all([
        runReaders({ url: flashlane.url, buyers: BUYERS, seconds }),
        measure(flashlane, { ...GET, clients: CROWD, seconds }, field),
      ])
      if (seen.missed > 0)
        field.faults.push(`${seen.missed} of ${seen.looks} own writes unseen: ${seen.examples[0]}`)
      bench.say(`${seen.looks} looks after a write of one's own, ${seen.missed} did not show it`)
      const runs = await measureHolds(bench, field, { pairings, load: GET })
      return { seen, runs }
    },
  )
  const rates = (way: Way) => perSecond(result.runs.of(keyOf(way, CROWD)))
  return {
    title: 'Reads',
    claims: [
      {
        scenario: 'P9',
        what: `GET /products/{id}, ${CROWD} clients`,
        values: rates('flashlane'),
        unit: '/s',
        other: { kind: 'ceiling', name: `${WAYS.noop} GET`, values: rates('noop') },
        bar: { atLeast: 0.7 },
      },
    ],
    ceiling: rates('noop'),
    memory,
    faults,
    notes: [`${result.seen.looks} reads after a write of one's own, all of which showed it`],
  }
}
