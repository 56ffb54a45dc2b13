/** A further process that breaks itself at a named place, under load. */
import type { Point } from '@flashlane/failpoints'
import type { Process } from '../../tests/support/process.ts'
import { until } from '../../tests/support/until.ts'
import type { Scene } from './row.ts'

type Breakage = { readonly point: Point; readonly action: 'kill' | 'stop' | `block:${number}` }

const PASSES_MAX = 5
const BROKEN_MS_MAX = 60_000
const SELLS = 50

/** Returns as soon as it is broken. */
export async function startBroken(
  { stage, random, note }: Scene,
  { point, action }: Breakage,
): Promise<Process> {
  const env = { FAILPOINTS: `${point}=${action}@${random.between(1, PASSES_MAX)}` }
  const broken = point.startsWith('api.') ? await stage.startApi(env) : stage.startWorker(env)
  const said = `failpoint ${point}`
  await until(() => broken.output().includes(said), { withinMs: BROKEN_MS_MAX, what: said })
  note(`${point}: ${action}`)
  return broken
}

/** One worker after another is killed, each at one of these points. */
export async function killWorkersAt(
  scene: Scene,
  points: readonly Point[],
  budgetMs: number,
): Promise<void> {
  for (const point of points) {
    await startBroken(scene, { point, action: 'kill' })
    await scene.recovers(`killed at ${point}`, budgetMs)
    await scene.sells(SELLS)
  }
}

const STILL_RECOVERY_MS = 5_000
/** By the end of a lock wait, and the end of the connection that keeps the lock. */
const RECOVERY_OF_LOCK_MS = 10_000

const STILL_POINTS = [
  { point: 'worker.beforeTransaction', budgetMs: STILL_RECOVERY_MS },
  { point: 'worker.afterLock', budgetMs: RECOVERY_OF_LOCK_MS },
  { point: 'worker.afterCommit', budgetMs: STILL_RECOVERY_MS },
] as const

/** One worker after another stands still for longer than its lock lasts: before BEGIN, while it holds the row lock, after COMMIT. */
export async function stopWorkers(
  scene: Scene,
  { action, ms }: { readonly action: 'stop' | `block:${number}`; readonly ms: number },
): Promise<void> {
  for (const { point, budgetMs } of STILL_POINTS) {
    const still = await startBroken(scene, { point, action })
    await Promise.all([scene.lasts(ms), scene.recovers(`${action} at ${point}`, budgetMs)])
    if (action === 'stop') still.send('SIGCONT')
    await scene.recovers(`on again, from ${point}`, STILL_RECOVERY_MS)
    await scene.sells(SELLS)
  }
}
