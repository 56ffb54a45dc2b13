/**
 * How many requests a client, or a customer, may make in a window of time. Counted in Redis, for all api processes
 * together; each counts for itself while Redis is away, so that a lost count never stops a sale.
 */
import type { Context } from 'hono'
import type { RedisClient } from '@flashlane/redis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Fault } from './problem.ts'
import { addHeaders } from './respond.ts'

export type Quota = { readonly requests: number; readonly windowS: number }

/** RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers has them. */
export type LimitHeaders = Record<'ratelimit' | 'ratelimit-policy', string>

/** Counts a request, and throws when it is one too many. */
export type CountRequest = (whose: string) => Promise<LimitHeaders>

type Options = { readonly name: 'client' | 'customer'; readonly quota: Quota }

export function createRateLimit(redis: RedisClient, { name, quota }: Options): CountRequest {
  const { requests, windowS } = quota
  const window = { points: requests, duration: windowS }
  const counter = new RateLimiterRedis({
    ...window,
    storeClient: redis,
    keyPrefix: `flashlane:limit:${name}`,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory(window),
    // Whoever has used up his quota costs Redis nothing until the window ends.
    inMemoryBlockOnConsumed: requests,
  })

  const headersOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes): LimitHeaders => ({
    'ratelimit-policy': `"${name}";q=${requests};w=${windowS}`,
    ratelimit: `"${name}";r=${remainingPoints};t=${secondsOf(msBeforeNext)}`,
  })

  return async (whose) => {
    try {
      return headersOf(await counter.consume(whose))
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      const retryAfter = String(Math.max(secondsOf(error.msBeforeNext), 1))
      throw new Fault('rate_limited', `at most ${requests} in ${windowS} s for a ${name}`, {
        extras: { policy: name },
        headers: { ...headersOf(error), 'retry-after': retryAfter },
      })
    }
  }
}

const secondsOf = (ms: number): number => Math.ceil(ms / 1_000)

/** For a route that has just learnt whose request it is, before the command counts as accepted. */
export type LimitCustomer = (c: Context, customerRef: string) => Promise<void>

export const limitCustomers = (count: CountRequest | undefined): LimitCustomer | undefined =>
  count && (async (c, customerRef) => addHeaders(c, await count(customerRef)))
