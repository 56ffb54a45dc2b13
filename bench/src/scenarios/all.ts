/** The scenarios in the order in which they run, and the numbers that each answers. */
import type { ScenarioId } from '../../../scripts/bench-options.mjs'
import type { Bench } from '../bench.ts'
import type { Section } from '../section.ts'
import { backlog } from './backlog.ts'
import { growth } from './growth.ts'
import { hotProduct } from './hot-product.ts'
import { idleLanes } from './idle-lanes.ts'
import { lowLoad } from './latency.ts'
import { hundredProducts, thousandProducts } from './many-products.ts'
import { purchases } from './purchases.ts'
import { reads } from './reads.ts'
import { soldOut } from './sold-out.ts'

type Scenario = {
  readonly ids: readonly ScenarioId[]
  run(bench: Bench, asked: readonly ScenarioId[]): Promise<Section>
}

export const scenarios: readonly Scenario[] = [
  { ids: ['P1', 'P2', 'P3'], run: hotProduct },
  { ids: ['P4'], run: hundredProducts },
  { ids: ['P5'], run: thousandProducts },
  { ids: ['P6'], run: lowLoad },
  { ids: ['P7'], run: purchases },
  { ids: ['P8'], run: growth },
  { ids: ['P9'], run: reads },
  { ids: ['P10'], run: soldOut },
  { ids: ['P11'], run: idleLanes },
  { ids: ['P12'], run: backlog },
]
