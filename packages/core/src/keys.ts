/** Keys that api and worker share in Redis. All carry the lane's hash tag, so that a pipeline stays in one slot. */
import { invariant } from './invariant.ts'
import { laneKey, queueName } from './lane.ts'
import { type Reply, replyChannel } from './reply.ts'
import type { Product } from './state.ts'

export const SNAPSHOT_TTL_S = 60
/** How long a 202 can be polled for while its command waits. */
export const COMMAND_KEY_TTL_S = 86_400

export const snapshotKey = (lane: string, productId: number): string =>
  `${queueName(lane)}:snapshot:${productId}`

/** Leads from a command that was answered 202 to its batch. */
export const commandKey = (lane: string, commandId: string): string =>
  `${queueName(lane)}:cmd:${commandId}`

/** Of a batch's commands that were answered 202, the keys: they go when it is applied. */
const toldKey = (lane: string, batchId: string): string => `${queueName(lane)}:told:${batchId}`

/**
 * `runId` names the run of the Redis server that it is written to: one that came back with older data, or took over from
 * another, serves none of it. Not part of the key: whoever knows a lane's server late still replaces what is older.
 */
export const encodeSnapshot = (product: Product, runId: string): string =>
  `${product.version} ${runId} ${JSON.stringify(product)}`

/** Null if it was written to another run. */
export function decodeSnapshot(text: string, runId: string): Product | null {
  const run = text.indexOf(' ') + 1
  const product = text.indexOf(' ', run) + 1
  invariant(run > 0 && product > run, 'a snapshot has a version and a run', { text })
  return text.slice(run, product - 1) === runId
    ? (JSON.parse(text.slice(product)) as Product)
    : null
}

/** Where a product's version is published after each commit that concerns it. A channel is no key: it needs no slot. */
export const productChannel = (productId: number): string => `flashlane:product:${productId}`

/** An older version never replaces a newer one. `channel` is empty where nobody has news. Tells what refused it, if that is worth another try. */
const SHOW_LUA = `
local function show(key, ttl, version, value, channel)
  local current = redis.call('get', key)
  if current and tonumber(string.match(current, '^%d+')) > tonumber(version) then return end
  local written = redis.pcall('set', key, value, 'EX', ttl)
  -- A full Redis takes no new one, and must not go on showing the old one.
  local gone = written.err and redis.pcall('del', key)
  if channel ~= '' then redis.call('publish', channel, version) end
  if type(gone) == 'table' then return gone end
end
`

/** KEYS: the snapshot's. ARGV: seconds to live, version, value. */
const SHOW_ONE_LUA = `${SHOW_LUA}
return show(KEYS[1], ARGV[1], ARGV[2], ARGV[3], '')
`

type Script = [script: string, keys: number, ...args: (string | number)[]]

/** What EVAL takes to show a product to readers. */
export const snapshotWrite = (lane: string, runId: string, product: Product): Script => [
  SHOW_ONE_LUA,
  1,
  snapshotKey(lane, product.productId),
  SNAPSHOT_TTL_S,
  product.version,
  encodeSnapshot(product, runId),
]

/**
 * KEYS: the batch's job, what lists the keys of the batch, then these. ARGV: seconds to live; the batch. Where the job is gone
 * already it was applied, as a rule, and nobody would take the keys away.
 */
const REMEMBER_LUA = `
if redis.call('exists', KEYS[1]) == 0 then return end
for i = 3, #KEYS do redis.call('set', KEYS[i], ARGV[2], 'EX', ARGV[1]) end
redis.call('sadd', KEYS[2], unpack(KEYS, 3))
redis.call('expire', KEYS[2], ARGV[1])
`

/** What EVAL takes to lead from commands that are answered 202 to their batch. */
export const rememberCommands = (
  lane: string,
  batchId: string,
  commandIds: readonly string[],
): Script => [
  REMEMBER_LUA,
  2 + commandIds.length,
  laneKey(lane, batchId),
  toldKey(lane, batchId),
  ...commandIds.map((id) => commandKey(lane, id)),
  COMMAND_KEY_TTL_S,
  batchId,
]

/**
 * KEYS: the lane's jobs in hand, its marker, what lists the keys that go, then the snapshots'. ARGV: seconds to live; the channel and the text of the
 * reply; then for each snapshot its version, its value and its channel. Who has the reply sees its effect in the next
 * read; who hears of the change, and asks what is queued, finds it gone,
 * but for what was applied ahead of its job.
 *
 * BullMQ puts a marker whenever a job is taken, for a second worker. There is none at a lane: as long as a job is in hand
 * its completion takes the next one, and the marker would only let the worker look into an empty lane afterwards.
 */
const AFTER_COMMIT_LUA = `${SHOW_LUA}
local shown = (#ARGV - 3) / 3
local failed
for i = 1, shown do
  failed = show(KEYS[3 + i], ARGV[1], ARGV[3 * i + 1], ARGV[3 * i + 2], ARGV[3 * i + 3]) or failed
end
if redis.call('llen', KEYS[1]) > 0 then redis.pcall('zrem', KEYS[2], '0') end
local told = redis.call('smembers', KEYS[3])
if #told > 0 then
  local gone = redis.pcall('unlink', KEYS[3], unpack(told))
  if type(gone) == 'table' then failed = gone end
end
if ARGV[2] ~= '' then redis.call('publish', ARGV[2], ARGV[3]) end
return failed
`

export type Published = {
  readonly lane: string
  readonly products: readonly Product[]
  /** What is queued no more. */
  readonly batchId: string
  readonly reply: { readonly to: string; readonly message: Reply } | null
}

/** What EVAL takes to tell of a commit: all in one call, since each costs Redis more than what it does. */
export const afterCommit = (
  runId: string,
  { lane, products, batchId, reply }: Published,
): Script => {
  const keys = [
    laneKey(lane, 'active'),
    laneKey(lane, 'marker'),
    toldKey(lane, batchId),
    ...products.map(({ productId }) => snapshotKey(lane, productId)),
  ]
  return [
    AFTER_COMMIT_LUA,
    keys.length,
    ...keys,
    SNAPSHOT_TTL_S,
    reply ? replyChannel(reply.to) : '',
    reply ? JSON.stringify(reply.message) : '',
    ...products.flatMap((product) => [
      product.version,
      encodeSnapshot(product, runId),
      productChannel(product.productId),
    ]),
  ]
}
