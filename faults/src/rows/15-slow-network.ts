import { PACKET_MS_MAX } from '@flashlane/core'
import type { Shape } from '../../../tests/support/proxy-pipe.ts'
import { until } from '../../../tests/support/until.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 5_000
/** A worker gives a transaction all the time that a slow one may take. */
const SILENT_MYSQL_MS = PACKET_MS_MAX + 3_000
const OUTCOMES = 30
const OUTCOMES_MS_MAX = 60_000
const SLOW = 10_000
/** A worker asks Redis about each of its lanes every second, over one connection: that alone takes some kB/s. */
const SLOW_FOR_WORKERS = 50_000

type Fault = { readonly what: string; readonly apis: Shape; readonly workers: Shape }

const alike = (what: string, shape: Shape): Fault => ({ what, apis: shape, workers: shape })

const FAULTS: readonly Fault[] = [
  alike('each answer takes 200 ms more', { delayMs: 100 }),
  alike('one packet in a hundred ends its connection', { resets: 0.01 }),
  {
    what: '10 kB/s a connection for apis, 50 kB/s for workers',
    apis: { bytesPerSecond: SLOW },
    workers: { bytesPerSecond: SLOW_FOR_WORKERS },
  },
]

export const slowNetwork: Row = {
  id: 15,
  title: 'The network is slow and unsure',
  fault: 'between all processes and both servers: 200 ms more, 1 % resets, 10 kB/s, half-open',
  async run(scene) {
    const { stage, note, sells, recovers } = scene
    const { apiRedis, apiMysql, workerRedis, workerMysql } = stage.links
    function shape({ apis, workers }: Pick<Fault, 'apis' | 'workers'>): void {
      for (const link of [apiRedis, apiMysql]) link.shape(apis)
      for (const link of [workerRedis, workerMysql]) link.shape(workers)
    }

    for (const fault of FAULTS) {
      note(fault.what)
      shape(fault)
      await sellsSlowly(scene, OUTCOMES)
      shape({ apis: {}, workers: {} })
      await recovers(`no longer: ${fault.what}`, RECOVERY_MS)
    }
    for (const [name, link] of Object.entries(stage.links)) {
      note(`${name}: the connections are half-open`)
      link.forget()
      const budgetMs = link === workerMysql ? SILENT_MYSQL_MS : RECOVERY_MS
      await recovers(`${name} went without a word`, budgetMs)
      link.reset()
    }
    await sells(60)
  },
}

/** Many hear of their outcome only when they ask for it again. */
async function sellsSlowly({ load, patience }: Scene, count: number): Promise<void> {
  const since = load.recorder.operations.length
  const outcomes = () =>
    load.recorder.operations
      .slice(since)
      .filter(({ op, kind, result }) =>
        op === 'poll' ? result?.['status'] === 'applied' : kind === 'ok' && op !== 'read',
      )
  await until(() => outcomes().length >= count, {
    withinMs: OUTCOMES_MS_MAX * patience,
    what: `${count} outcomes`,
  })
}
