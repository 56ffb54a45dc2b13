/** How the sale stands at one moment, as far as the api tells. */
import type { Client, Product } from '@flashlane/client'
import type { Lane } from '../lanes.ts'
import { answersIn, type Answers } from './answers.ts'

export type Sample = {
  /** Of this process's monotonic clock: for rates. */
  readonly takenMs: number
  readonly at: Date
  readonly products: readonly Product[]
  /** There may be more than are shown. */
  readonly productsInAll: number
  readonly lanes: readonly Lane[]
  readonly refundsDue: number
  readonly deadLetters: number
  readonly answers: Answers
}

/** One page: whoever sells more names those that he wants to see. */
const PER_PAGE = 100

type Deps = {
  readonly client: Client
  readonly productIds: readonly number[]
  readMetrics(): Promise<string>
}

export async function takeSample({ client, productIds, readMetrics }: Deps): Promise<Sample> {
  const [{ items: products, total }, lanes, refunds, letters, metrics] = await Promise.all([
    productIds.length === 0
      ? client.listProducts({ per_page: PER_PAGE })
      : showEach(client, productIds),
    client.listLanes({ per_page: PER_PAGE }),
    client.listRefunds({ status: 'due', per_page: 1 }),
    client.listDeadLetters({ replayed: 'false', per_page: 1 }),
    readMetrics(),
  ])
  return {
    takenMs: performance.now(),
    at: new Date(),
    products,
    productsInAll: total,
    lanes: lanes.items,
    refundsDue: refunds.total,
    deadLetters: letters.total,
    answers: answersIn(metrics),
  }
}

async function showEach(client: Client, ids: readonly number[]) {
  const items = await Promise.all(ids.map((id) => client.showProduct(id)))
  return { items, total: items.length }
}
