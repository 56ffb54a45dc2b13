/** A batch from its lane to its answer: apply, then all that follows the commit. */
import {
  type Batch,
  type CanaryBatch,
  type CommandBatch,
  type ExpiryBatch,
  type Layout,
  packReply,
  type Published,
} from '@flashlane/core'
import type { Failpoints } from '@flashlane/failpoints'
import type { Logger } from '@flashlane/log'

import { type Applied, applyBatch, type Store } from './apply.ts'
import type { Draw } from './draw.ts'
import { createDue } from './due.ts'
import { createExpiryJobs, deadlinesOf, makeExpiryBatch } from './expiry-jobs.ts'
import type { Ahead } from './ahead.ts'
import type { Joint } from './joint.ts'
import type { Lane } from './lane.ts'
import type { Metrics } from './metrics.ts'
import type { Mysql } from './mysql.ts'
import type { UntilDone } from './until-done.ts'

type Deps = {
  readonly mysql: Pick<Mysql, 'readClockMs' | 'dueInLane' | 'findProducts' | 'productsOfBatch'>
  readonly store: Store
  readonly ahead: Ahead
  readonly joint: Joint
  readonly publish: (runId: string, published: Published) => Promise<void>
  /** Of the Redis server that has the lane. */
  readonly runIdOf: (laneName: string) => Promise<string>
  readonly draw: Draw
  readonly layout: Layout
  readonly untilDone: UntilDone
  readonly metrics: Pick<Metrics, 'began' | 'applied'>
  readonly log: Logger
  readonly failpoints?: Failpoints
}

export type Handle = (lane: Lane, batch: Batch, signal: AbortSignal) => Promise<void>

export function makeHandle(deps: Deps): Handle {
  const { mysql, publish, draw } = deps
  const { schedule } = createExpiryJobs(draw)
  const due = createDue(deps)

  async function handleCommands(lane: Lane, batch: CommandBatch, signal: AbortSignal) {
    const { applied, tookMs } = await deps.ahead(lane, batch, () =>
      deps.joint(batch, () => applyAlone(lane, batch, signal)),
    )
    deps.metrics.applied(applied, tookMs)
    const { batchId, commands } = batch
    deps.log.debug({ lane: lane.name, batchId, commands: commands.length }, 'batch')
    await deps.untilDone(() => follow(lane, batch, { applied, signal }), {
      signal,
      what: `lane ${lane.name}`,
    })
    deps.failpoints?.['worker.beforeJobDone']?.()
  }

  const applyAlone = (
    lane: Lane,
    batch: Pick<CommandBatch, 'batchId' | 'commands'>,
    signal: AbortSignal,
  ): Promise<Applied> =>
    deps.untilDone(() => applyBatch(deps.store, batch), { signal, what: `lane ${lane.name}` })

  /** A job that comes twice changes nothing the second time; what came due since is the sweeper's. */
  async function handleExpiry(lane: Lane, batch: ExpiryBatch, signal: AbortSignal) {
    const { untilDone, log } = deps
    const { batchId } = batch
    const { commands, isFull } = await untilDone(() => due.find(lane.name, batch), {
      signal,
      what: `lane ${lane.name}`,
    })
    if (commands.length > 0) {
      const startMs = performance.now()
      const applied = await applyAlone(lane, { batchId, commands }, signal)
      deps.metrics.applied(applied, performance.now() - startMs)
      due.learn(applied.decided)
      for (const { command, outcome } of applied.decided) {
        const { commandId, productId } = command
        if (outcome.outcome !== 'error') log.info({ commandId, productId, outcome }, 'expired')
      }
      await untilDone(
        () => follow(lane, { batchId, commands: [], replyTo: null }, { applied, signal }),
        {
          signal,
          what: `lane ${lane.name}`,
        },
      )
    } else await untilDone(() => showAgain(lane, batchId), { signal, what: `lane ${lane.name}` })
    if (!isFull) return
    const more = makeExpiryBatch(draw, batch)
    await untilDone(() => lane.add({ id: `more_${batchId}`, batch: more }), {
      signal,
      what: `lane ${lane.name}`,
    })
  }

  async function handleCanary(lane: Lane, batch: CanaryBatch, signal: AbortSignal) {
    const nowMs = await deps.untilDone(() => mysql.readClockMs(), {
      signal,
      what: `lane ${lane.name}`,
    })
    const outcome = { outcome: 'accepted', result: { type: 'pong', nowMs }, version: 0 } as const
    const message = packReply({
      batchId: batch.batchId,
      commands: [],
      outcomes: [outcome],
      depth: 0,
    })
    const reply = { to: batch.replyTo, message }
    const { batchId } = batch
    const told = { lane: lane.name, products: [], batchId, reply }
    await deps.untilDone(async () => publish(await deps.runIdOf(lane.name), told), {
      signal,
      what: `lane ${lane.name}`,
    })
  }

  /** Nothing is due: perhaps because this batch was applied before, and its worker ended before it could tell. */
  async function showAgain(lane: Lane, batchId: string): Promise<void> {
    const productIds = await mysql.productsOfBatch(batchId)
    const products = await mysql.findProducts(productIds)
    if (products.length === 0) return
    const shown = { lane: lane.name, products, batchId, reply: null }
    await publish(await deps.runIdOf(lane.name), shown)
  }

  type Sent = Pick<CommandBatch, 'batchId' | 'commands' | 'replyTo'>
  async function follow(
    lane: Lane,
    batch: Sent,
    { applied, signal }: { applied: Applied; signal: AbortSignal },
  ): Promise<void> {
    const { decided, outcomes, productIds, nowMs } = applied
    const isNews = decided.length > 0 || nowMs !== null
    const products = isNews ? applied.products : await mysql.findProducts(productIds)
    const { batchId, commands, replyTo } = batch
    const depth = await lane.depth()
    const published: Published = {
      lane: lane.name,
      products,
      batchId,
      reply:
        replyTo === null
          ? null
          : { to: replyTo, message: packReply({ batchId, commands, outcomes, depth }) },
    }
    const runId = await deps.runIdOf(lane.name)
    // Sent here and now, and not awaited: the job's completion follows over the same connection, so that a job which is
    // gone was told of.
    publish(runId, published).catch(() => publishAgain(lane, published, signal))
    if (nowMs === null) return
    await schedule(lane.name, { deadlinesMs: deadlinesOf(decided), nowMs }, lane.add)
  }

  /** Redis refused it. At shutdown it is given up: the api finds the outcomes in the journal. */
  async function publishAgain(lane: Lane, published: Published, signal: AbortSignal) {
    const tell = async () => publish(await deps.runIdOf(lane.name), published)
    await deps
      .untilDone(tell, { signal, what: `lane ${lane.name}` })
      .catch((error: unknown) => deps.log.warn({ err: error }, 'outcomes not told'))
  }

  function handle(lane: Lane, batch: Batch, signal: AbortSignal): Promise<void> {
    switch (batch.kind) {
      case 'commands':
        return handleCommands(lane, batch, signal)
      case 'expiry':
        return handleExpiry(lane, batch, signal)
      case 'canary':
        return handleCanary(lane, batch, signal)
    }
  }

  return async (lane, batch, signal) => {
    const end = deps.metrics.began()
    try {
      await handle(lane, batch, signal)
    } finally {
      end()
    }
  }
}
