/** Keys that api and worker share in Redis. All carry the lane's hash tag, so that a pipeline stays in one slot. */
import { invariant } from './invariant.ts'
import { queueName } from './lane.ts'
import type { Product } from './state.ts'

export const SNAPSHOT_TTL_S = 60
/** How long a 202 can be polled for while its command waits. */
export const COMMAND_KEY_TTL_S = 86_400

export const snapshotKey = (lane: string, productId: number): string =>
  `${queueName(lane)}:snapshot:${productId}`

/** Leads from a command that was answered 202 to its batch. */
export const commandKey = (lane: string, commandId: string): string =>
  `${queueName(lane)}:cmd:${commandId}`

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

/**
 * KEYS: the snapshots'. ARGV: seconds to live; then for each its version, its value, and for whoever has news the channel
 * to tell them on. An older version never replaces a newer one.
 */
const WRITE_SNAPSHOTS_LUA = `
for i, key in ipairs(KEYS) do
  local version, value, channel = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  local current = redis.call('get', key)
  if not current or tonumber(string.match(current, '^%d+')) <= tonumber(version) then
    local written = redis.pcall('set', key, value, 'EX', ARGV[1])
    -- A full Redis takes no new one, and must not go on showing the old one.
    if written.err then redis.call('del', key) end
    if channel ~= '' then redis.call('publish', channel, version) end
  end
end
`

export type SnapshotWrite = {
  readonly lane: string
  readonly runId: string
  readonly products: readonly Product[]
  /** Whether those are told who follow the products. */
  readonly isNews: boolean
}

/** What EVAL takes to write a lane's snapshots: all at once, since each call costs Redis more than what it does. */
export const snapshotWrite = ({
  lane,
  runId,
  products,
  isNews,
}: SnapshotWrite): [script: string, keys: number, ...args: (string | number)[]] => [
  WRITE_SNAPSHOTS_LUA,
  products.length,
  ...products.map(({ productId }) => snapshotKey(lane, productId)),
  SNAPSHOT_TTL_S,
  ...products.flatMap((product) => [
    product.version,
    encodeSnapshot(product, runId),
    isNews ? productChannel(product.productId) : '',
  ]),
]
