/** bull-board over the lanes: for operators, and only to look at. Loaded where a setting asks for it. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { CANARY_LANE, laneOf, type Layout, queueName } from '@flashlane/core'
import type { Tls } from '@flashlane/tls'
import { serveStatic } from '@hono/node-server/serve-static'
import { Queue } from 'bullmq'
import { Hono } from 'hono'
import { headerOf } from './incoming.ts'
import { type FindOperator, tokenAsPassword } from './operator-token.ts'
import { Fault, respondFault } from './problem.ts'
import { connectRedis } from './redis.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

export const BOARD_PATH = '/admin/queues'
/** Each costs ten questions to Redis whenever the page asks, which is every few seconds. */
const LANES_SHOWN_MAX = 100
const COMMANDS_SHOWN_MAX = 20

/** The page's own styles stand in it. What it would like to load from elsewhere, a font, it does without. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

type Deps = {
  readonly redisUrl: string
  readonly tls?: Tls | undefined
  readonly findOperator: FindOperator
  readonly layout: Layout
  /** In the order in which they were made. */
  productIds(): Promise<readonly number[]>
  onFault(error: unknown): void
}

export type QueueBoard = { readonly app: Hono; close(): Promise<void> }

export function createQueueBoard(deps: Deps): QueueBoard {
  // Its own connection: what it asks must not stand before a batch.
  const redis = connectRedis(deps.redisUrl, {
    name: 'flashlane-board',
    tls: deps.tls,
    onFault: deps.onFault,
  })
  const queues = new Map<string, Queue>()
  const server = new HonoAdapter(serveStatic)
  server.setBasePath(BOARD_PATH)
  const { replaceQueues } = createBullBoard({
    queues: [],
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Flashlane', showWorkers: false } },
  })

  function queueOf(lane: string): Queue {
    const known = queues.get(lane)
    if (known) return known
    const queue = new Queue(queueName(lane), {
      connection: redis,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      // It looks: what a lane is set to is the workers' business.
      skipMetasUpdate: true,
    })
    queue.on('error', deps.onFault)
    queues.set(lane, queue)
    return queue
  }

  /** Lanes come with products; the newest are shown. */
  async function showLanes(): Promise<void> {
    const productIds = await deps.productIds()
    const newest = productIds.map((id) => laneOf(id, deps.layout)).toReversed()
    const lanes = [...new Set([CANARY_LANE, ...newest])].slice(0, LANES_SHOWN_MAX)
    replaceQueues(lanes.map((lane) => adapterOf(lane, queueOf(lane))))
    for (const [lane, queue] of queues) {
      if (lanes.includes(lane)) continue
      queues.delete(lane)
      await queue.close()
    }
  }

  const app = new Hono()
  app.use(`${BOARD_PATH}/*`, async (c, next) => {
    // It can retry and remove; a lane that loses a job so loses promises.
    if (c.req.method !== 'GET') throw new Fault('method_not_allowed', 'it is for looking only')
    // Whatever the scope: it is for looking only. A browser sends a password along with whatever another site makes it send.
    if (!deps.findOperator(tokenAsPassword(headerOf(c, 'authorization')))) throw unauthorized()
    if (c.req.path.endsWith('/api/queues')) await showLanes()
    await next()
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value)
    c.header('content-security-policy', POLICY)
  })
  app.route(BOARD_PATH, server.registerPlugin())
  app.onError((error, c) => {
    if (error instanceof Fault) return respondFault(c, error)
    deps.onFault(error)
    return respondFault(c, new Fault('unavailable'))
  })

  return {
    app,
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      redis.disconnect()
    },
  }
}

const unauthorized = (): Fault =>
  new Fault('unauthorized', undefined, {
    headers: { 'www-authenticate': 'Basic realm="Flashlane"' },
  })

function adapterOf(lane: string, queue: Queue): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true, displayName: lane })
  adapter.setFormatter('data', summaryOf)
  return adapter
}

/** A batch may be a megabyte, and a page has ten. */
function summaryOf(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('commands' in data)) return data
  const { commands } = data
  if (!Array.isArray(commands) || commands.length <= COMMANDS_SHOWN_MAX) return data
  return {
    ...data,
    commands: commands.slice(0, COMMANDS_SHOWN_MAX),
    not_shown: commands.length - COMMANDS_SHOWN_MAX,
  }
}
