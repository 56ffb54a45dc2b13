/** Connections that each peer has to MySQL: what `npm run bench -- --tune` found best. */
import type { Way } from './contestant.ts'

type Tuned = { readonly hot: number; readonly many: number }

const POOLS: Partial<Record<Way, Tuned>> = {
  'for-update': { hot: 16, many: 64 },
  'conditional-update': { hot: 16, many: 64 },
  bullmq: { hot: 4, many: 64 },
}

/** One hot product wants few connections, since they wait for one row; many products want more. */
export const poolSizeOf = (way: Way, products: number): number =>
  POOLS[way]?.[products === 1 ? 'hot' : 'many'] ?? 1

export const poolsInWords = (): string =>
  Object.entries(POOLS)
    .map(([way, { hot, many }]) => `${way} ${hot} for one product, ${many} for many`)
    .join('; ')
