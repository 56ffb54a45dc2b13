/** P4 and P5: a catalogue under load, with a lane for each product, and with few lanes for all. */
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import {
  contest,
  keyOf,
  measureHolds,
  type Pairing,
  perSecond,
  processorNotes,
} from '../contest.ts'
import { type Way, WAYS } from '../contestants/contestant.ts'
import type { Section } from '../section.ts'

const CROWD = 256
const RUSH = 1_000
const PRODUCTS = 100
const CATALOGUE = 1_000
const LANES = 'shared:4'

export async function hundredProducts(bench: Bench): Promise<Section> {
  const pairings: Pairing[] = [
    { way: 'noop', clients: CROWD },
    { way: 'for-update', clients: CROWD },
    { way: 'flashlane', clients: CROWD },
    { way: 'for-update', clients: RUSH },
    { way: 'flashlane', clients: RUSH },
  ]
  const ways: Way[] = ['noop', 'for-update', 'flashlane']
  const { result, memory, faults } = await contest(bench, { ways, products: PRODUCTS }, (field) =>
    measureHolds(bench, field, { pairings, load: { products: PRODUCTS } }),
  )
  const rates = (way: Way, clients: number) => perSecond(result.of(keyOf(way, clients)))
  const claim = (clients: number, atLeast: number): Claim => ({
    scenario: 'P4',
    what: `holds of ${PRODUCTS} products, a lane each, ${clients} clients`,
    values: rates('flashlane', clients),
    unit: '/s',
    other: { kind: 'peer', name: WAYS['for-update'], values: rates('for-update', clients) },
    bar: { atLeast },
  })
  return {
    title: 'A hundred products, a lane each',
    claims: [claim(CROWD, 1.2), claim(RUSH, 3)],
    ceiling: rates('noop', CROWD),
    memory,
    faults,
    notes: processorNotes(
      result,
      pairings.filter(({ way }) => way === 'flashlane'),
    ),
  }
}

export async function thousandProducts(bench: Bench): Promise<Section> {
  const ways: Way[] = ['noop', 'for-update', 'flashlane']
  const pairings = ways.map((way) => ({ way, clients: CROWD }))
  const sale = { ways, products: CATALOGUE, lanes: LANES }
  const { result, memory, faults } = await contest(bench, sale, (field) =>
    measureHolds(bench, field, { pairings, load: { products: CATALOGUE } }),
  )
  const rates = (way: Way) => perSecond(result.of(keyOf(way, CROWD)))
  const claim = (other: Way, atLeast: number): Claim => ({
    scenario: 'P5',
    what: `holds of ${CATALOGUE} products, LANES=${LANES}, ${CROWD} clients`,
    values: rates('flashlane'),
    unit: '/s',
    other: {
      kind: other === 'noop' ? 'ceiling' : 'peer',
      name: WAYS[other],
      values: rates(other),
    },
    bar: { atLeast },
  })
  return {
    title: 'A thousand products, shared lanes',
    claims: [claim('noop', 0.4), claim('for-update', 3)],
    ceiling: rates('noop'),
    memory,
    faults,
    notes: processorNotes(result, [{ way: 'flashlane', clients: CROWD }]),
  }
}
