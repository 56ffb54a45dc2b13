/** A client of Flashlane's api. Nothing happens before the first call. */
import { buyerCalls } from './buyer-calls.ts'
import { makeCommands } from './commands.ts'
import { operatorCalls } from './operator-calls.ts'
import { RETRIES, type Retries } from './retries.ts'
import { type Fetch, makeSend } from './send.ts'
import { makeWatchProduct } from './watch-product.ts'

export type ClientOptions = {
  /** Where the api is, without `/api`; empty for a page of the same origin. */
  readonly baseUrl: string
  readonly fetch?: Fetch
  /** The customer of every hold and order that names none. */
  readonly customerRef?: string
  /** Only for operators' calls, and for no browser. */
  readonly adminToken?: string
  readonly retries?: Partial<Retries>
  /** How long an attempt may take. */
  readonly timeoutMs?: number
  /** How long to wait for the outcome of what was answered 202. */
  readonly outcomeMs?: number
}

export type Client = ReturnType<typeof createClient>

/** Longer than an api waits for an outcome by itself. */
const TIMEOUT_MS = 15_000
const OUTCOME_MS = 60_000

export function createClient({
  baseUrl,
  fetch = globalThis.fetch,
  customerRef,
  adminToken,
  retries: someRetries = {},
  timeoutMs = TIMEOUT_MS,
  outcomeMs = OUTCOME_MS,
}: ClientOptions) {
  const transport = { baseUrl, fetch, timeoutMs, retries: { ...RETRIES, ...someRetries } }
  const send = makeSend(transport)
  const commands = makeCommands({ send, timeoutMs, outcomeMs })
  return {
    ...buyerCalls({ send, execute: commands.execute, customerRef }),
    ...operatorCalls({ send, ...commands, adminToken }),
    awaitCommand: commands.awaitCommand,
    watchProduct: makeWatchProduct(transport),
  }
}
