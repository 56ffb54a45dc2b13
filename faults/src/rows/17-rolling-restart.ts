import { until } from '../../../tests/support/until.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 1_000
const READY_MS_MAX = 30_000
const GAP_MS_MAX = 1_000

export const rollingRestart: Row = {
  id: 17,
  title: 'Everything is restarted in turn',
  fault: 'SIGTERM to each worker and api, once another stands ready, while buyers buy',
  async run(scene) {
    const { stage, patience, note, sells, recovers, demand } = scene
    const sinceMs = performance.now()
    const codes: (number | null)[] = []
    for (const [nth, old] of [...stage.workers].entries()) {
      note(`worker ${nth + 1} is replaced`)
      const next = stage.startWorker()
      await until(() => next.output().includes('worker ready'), {
        withinMs: READY_MS_MAX * patience,
        what: 'the next worker is ready',
      })
      old.send('SIGTERM')
      codes.push(await old.ended())
    }
    for (const [nth, old] of [...stage.apis].entries()) {
      note(`api ${nth + 1} is replaced`)
      await stage.startApi()
      codes.push(await stage.retire(old))
    }
    await sells(60)
    demandNoGap(scene, sinceMs)
    await recovers('all are new', RECOVERY_MS)
    demand(
      codes.every((code) => code === 0),
      `the old ones ended with ${codes.join(', ')}`,
    )
  },
}

/** Nobody was told no for the restart's sake, and nobody waited long. */
function demandNoGap({ load, patience, demand }: Scene, sinceMs: number): void {
  const during = load.recorder.operations.filter(({ t0 }) => t0 >= sinceMs)
  const failed = during.filter(({ status }) => status === null || status >= 500)
  const told = failed.map(({ op, status }) => `${op} ${status}`)
  const what = `${failed.length} of ${during.length} requests failed: ${told.slice(0, 5).join(', ')}`
  demand(failed.length === 0, what)
  const endsMs = during.filter(({ kind }) => kind === 'ok').map(({ t1 }) => t1)
  const gapsMs = endsMs.map((endMs, n) => endMs - (endsMs[n - 1] ?? sinceMs))
  const longestMs = Math.round(Math.max(0, ...gapsMs))
  const gap = `for ${longestMs} ms nobody got an outcome, with ${GAP_MS_MAX} ms x ${patience}`
  demand(longestMs <= GAP_MS_MAX * patience, gap)
}
