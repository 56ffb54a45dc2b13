/** A lane is the queue that carries a product's commands. A product is always in exactly one. */
import { z } from 'zod'

export type Layout =
  | { readonly kind: 'per-product' }
  | { readonly kind: 'shared'; readonly lanes: number }

/** Carries only pings: shows that api, Redis, worker and MySQL work together. */
export const CANARY_LANE = 'canary'

const SHARED_LANES_MAX = 1_024

export const layout = z
  .string()
  .regex(/^(per-product|shared:[1-9][0-9]{0,3})$/, 'must be per-product or shared:N')
  .transform((text): Layout => {
    const lanes = Number(text.split(':')[1] ?? 0)
    return lanes === 0 ? { kind: 'per-product' } : { kind: 'shared', lanes }
  })
  .refine((value) => value.kind === 'per-product' || value.lanes <= SHARED_LANES_MAX, {
    message: `at most ${SHARED_LANES_MAX} shared lanes`,
  })

export const formatLayout = (value: Layout): string =>
  value.kind === 'per-product' ? 'per-product' : `shared:${value.lanes}`

export const laneOf = (productId: number, value: Layout): string =>
  value.kind === 'per-product' ? `p${productId}` : `s${productId % value.lanes}`

/** The hash tag keeps all keys of a lane in one slot of a Redis Cluster. */
export const queueName = (lane: string): string => `{flashlane-${lane}}`

/** BullMQ's own keys of a lane: `wait`, `active`, `delayed`, `meta`, and each job under its id. */
export const laneKey = (lane: string, name: string): string => `bull:${queueName(lane)}:${name}`
