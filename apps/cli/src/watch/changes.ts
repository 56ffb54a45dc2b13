/** What happened between two samples. */
import type { Product } from '@flashlane/client'
import type { Lane } from '../lanes.ts'
import type { Sample } from './sample.ts'

export type ProductLine = {
  readonly product: Product
  readonly lane: Lane | undefined
  /** Null with the first sample, and where a shop does not tell. */
  readonly soldPerS: number | null
  readonly batchesPerS: number | null
}

export type AnswerLine = {
  readonly name: string
  readonly total: number
  readonly perS: number | null
}

/** Those that sell most stand first, then in the order of their ids. */
export function productLines(now: Sample, before: Sample | null): readonly ProductLine[] {
  const then = new Map(before?.products.map((product) => [product.id, product]))
  const lanes = new Map(now.lanes.map((lane) => [lane.product_id, lane]))
  const rate = makeRate(now, before)
  return now.products
    .map((product): ProductLine => {
      const old = then.get(product.id)
      return {
        product,
        lane: lanes.get(product.id),
        soldPerS: rate(product.sold, old?.sold),
        batchesPerS: rate(product.version, old?.version),
      }
    })
    .toSorted((one, other) => (other.batchesPerS ?? 0) - (one.batchesPerS ?? 0))
}

export function answerLines(now: Sample, before: Sample | null): readonly AnswerLine[] {
  const rate = makeRate(now, before)
  return [...now.answers].map(([name, total]) => ({
    name,
    total,
    perS: rate(total, before ? (before.answers.get(name) ?? 0) : undefined),
  }))
}

/** A restarted process counts from zero again, and stock that comes back was not sold: neither is a rate. */
const makeRate =
  (now: Sample, before: Sample | null) =>
  (value: number | null, old: number | null | undefined): number | null => {
    if (!before || value === null || old === null || old === undefined) return null
    const seconds = (now.takenMs - before.takenMs) / 1_000
    return Math.max(0, Math.round((value - old) / seconds))
  }

export const sumOf = (values: readonly (number | null | undefined)[]): number | null =>
  values.every((value) => value === null || value === undefined)
    ? null
    : values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
