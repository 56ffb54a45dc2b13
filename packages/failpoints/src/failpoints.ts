/**
 * Places at which a process breaks itself, for tests of what then happens: a signal from outside never comes at the very
 * statement that is meant. Nothing is there unless FAILPOINTS asks.
 */
import { writeSync } from 'node:fs'
import { z } from 'zod'

export const POINTS = [
  'api.beforeEnqueue',
  'api.afterEnqueue',
  'api.afterInbox',
  'api.beforeReply',
  'worker.beforeTransaction',
  'worker.afterLock',
  'worker.beforeCommit',
  'worker.afterCommit',
  'worker.beforeJobDone',
  'sweeper.middle',
] as const

export type Point = (typeof POINTS)[number]

/** A property for each point that was asked for: `failpoints['api.beforeReply']?.()` is nothing where it was not. */
export type Failpoints = Readonly<Partial<Record<Point, () => void>>>

type Action = { readonly kind: 'kill' | 'stop' } | { readonly kind: 'block'; readonly ms: number }

/** `nth` is the pass at which it happens, once. */
export type Asked = { readonly point: Point; readonly action: Action; readonly nth: number }

const BLOCK_MS_MAX = 60_000
const PATTERN = /^([a-zA-Z.]+)=(kill|stop|block:([1-9]\d{0,4}))(?:@([1-9]\d{0,8}))?$/

/** `worker.beforeCommit=kill@3,api.afterEnqueue=stop,worker.afterLock=block:8000`: SIGKILL, SIGSTOP, a busy loop. */
export const failpointsSetting = z.string().transform((text, context): readonly Asked[] =>
  text.split(',').flatMap((each) => {
    const [, name, action = '', ms, nth = '1'] = PATTERN.exec(each.trim()) ?? []
    const point = POINTS.find((known) => known === name)
    const blockMs = Number(ms ?? 0)
    if (!point || blockMs > BLOCK_MS_MAX) {
      context.addIssue({
        code: 'custom',
        message: `${each} is no failpoint: as in worker.beforeCommit=kill@3, with kill, stop or block:MS (at most ${BLOCK_MS_MAX}), at one of ${POINTS.join(', ')}`,
      })
      return []
    }
    const kind = action.startsWith('block') ? 'block' : (action as 'kill' | 'stop')
    return [
      { point, action: kind === 'block' ? { kind, ms: blockMs } : { kind }, nth: Number(nth) },
    ]
  }),
)

export function createFailpoints(asked: readonly Asked[] | undefined): Failpoints {
  const failpoints: Partial<Record<Point, () => void>> = {}
  for (const [point, own] of Map.groupBy(asked ?? [], (each) => each.point)) {
    let passes = 0
    failpoints[point] = () => {
      passes++
      for (const { action, nth } of own) {
        if (nth === passes) act(point, action)
      }
    }
  }
  return failpoints
}

function act(point: Point, action: Action): void {
  // Straight to the descriptor: a logger's buffer would go with the process.
  writeSync(2, `failpoint ${point}: ${action.kind}\n`)
  if (action.kind === 'kill') process.kill(process.pid, 'SIGKILL')
  if (action.kind === 'stop') process.kill(process.pid, 'SIGSTOP')
  if (action.kind === 'block') block(action.ms)
}

/** The event loop stands still, timers and renewals of locks with it. */
function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}
