/** A further process that breaks itself at a named place, under load. */
import type { Point } from '@flashlane/failpoints'
import type { Process } from '../../tests/support/process.ts'
import { until } from '../../tests/support/until.ts'
import type { Scene } from './row.ts'

type Breakage = { readonly point: Point; readonly action: 'kill' | 'stop' | `block:${number}` }

const PASSES_MAX = 5
const BROKEN_MS_MAX = 60_000

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
