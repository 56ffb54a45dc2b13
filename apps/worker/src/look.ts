/**
 * A look at all lanes of this process at once: which have a batch in hand, and for which nobody was woken. BullMQ would
 * ask for each lane by itself, and a thousand idle ones take a fifth of a core.
 */
import { type RedisClient, slotOf } from '@flashlane/redis'

/** Redis does nothing else meanwhile. */
const LANES_A_CALL = 50

/** Of a lane: the jobs in hand, those waiting, those delayed, and the marker that wakes one worker. */
const KEYS = ['active', 'wait', 'delayed', 'marker']

/**
 * KEYS: those of each lane. ARGV: the score up to which a delayed job is due. Answers for each lane 1 where a job is in
 * hand, else the job that could be, or 0. A marker is put for that one: whoever was woken for it may be gone.
 */
const LOOK_LUA = `
local seen = {}
for i = 1, #KEYS, 4 do
  local n = #seen + 1
  if redis.call('llen', KEYS[i]) > 0 then
    seen[n] = 1
  else
    local job = redis.call('lindex', KEYS[i + 1], -1)
    if not job then
      job = redis.call('zrange', KEYS[i + 2], '-inf', ARGV[1], 'byscore', 'limit', 0, 1)[1]
    end
    if job then redis.pcall('zadd', KEYS[i + 3], 0, '0') end
    seen[n] = job or 0
  end
end
return seen
`

/** That a job is in hand, or which one could be. */
export type Seen = { readonly isInHand: boolean; readonly leftLying: string | null }

type Lane = { readonly queue: { readonly name: string; toKey(type: string): string } }

/** The lanes in lots that one call can take. */
export function lotsOf<L extends Lane>(redis: RedisClient, lanes: Iterable<L>): L[][] {
  const reachable = Map.groupBy(lanes, ({ queue }) => slotOf(redis, queue.name))
  return [...reachable.values()].flatMap((own) => inPieces(own, LANES_A_CALL))
}

/** Of a lot. `nowMs`: what is due by then is ready to be worked. */
export async function lookAt<L extends Lane>(
  redis: RedisClient,
  lot: readonly L[],
  nowMs: number,
): Promise<[L, Seen][]> {
  const keys = lot.flatMap(({ queue }) => KEYS.map((type) => queue.toKey(type)))
  const seen = (await redis.eval(LOOK_LUA, keys.length, ...keys, dueScore(nowMs))) as Raw[]
  return lot.map((lane, i) => [lane, decode(seen[i])])
}

/** BullMQ's score of a delayed job: its time, and below it room for an order within the millisecond. */
const dueScore = (nowMs: number): number => nowMs * 0x1000 + 0xfff

type Raw = 0 | 1 | string

const decode = (seen: Raw | undefined): Seen => ({
  isInHand: seen === 1,
  leftLying: typeof seen === 'string' ? seen : null,
})

const inPieces = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  )
