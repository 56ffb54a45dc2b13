import { EXPIRY_GRACE_MS } from '@flashlane/core'
import { findHold, readClockMs } from '@flashlane/db'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Process } from '../../../tests/support/process.ts'
import { until } from '../../../tests/support/until.ts'
import type { Row, Scene } from '../row.ts'
import { createFakeClock, wrongBy } from '../stage/fake-clock.ts'

const RECOVERY_MS = 5_000
const TEN_MINUTES_MS = 600_000
const TTL_S = 5
/** Of its time, when a buyer comes back for his hold. */
const LATE_IN_TIME = 0.7
const HOLDS_EACH = 4
/** The sweeper looks each second; the rest is the machine's. */
const EXPIRED_MS_MAX = TTL_S * 1_000 + EXPIRY_GRACE_MS + 5_000

const databaseClock = createFakeClock('mysql')

export const wrongClocks: Row = {
  id: 20,
  title: 'Clocks are wrong, and step back',
  fault: 'apis and workers ten minutes ahead and behind; the database steps ten minutes back',
  breaksMysql: true,
  mysql: {
    // Asked for when the row is played: nothing is looked for before.
    get env() {
      return databaseClock.env()
    },
  },
  // Webhooks are refused while clocks are ten minutes apart, and told again and again: few buyers make few of them.
  load: { buyers: 3, pauseMsMax: 300 },
  async run(scene) {
    const { stage, note, sells, recovers, demand } = scene
    const right = [...stage.apis, ...stage.workers]
    note('an api and a worker are ten minutes ahead, and one of each ten minutes behind')
    const wrong: Process[] = []
    for (const offsetMs of [TEN_MINUTES_MS, -TEN_MINUTES_MS]) {
      wrong.push(stage.startWorker(wrongBy(offsetMs)), await stage.startApi(wrongBy(offsetMs)))
    }
    await end(right)
    await sells(20)
    await keepsItsWord(scene, { round: 'skewed', expires: true })

    note('the database steps ten minutes back')
    const beforeMs = await readClockMs(stage.database)
    await databaseClock.set(-TEN_MINUTES_MS)
    const wentBackMs = beforeMs - (await readClockMs(stage.database))
    demand(wentBackMs > TEN_MINUTES_MS / 2, `the database went ${wentBackMs} ms back`)
    await recovers('the database stepped back', RECOVERY_MS)
    await keepsItsWord(scene, { round: 'stepped', expires: false })
    await sells(20)

    note('all clocks are right again')
    await databaseClock.set(0)
    stage.startWorker()
    await stage.startApi()
    await end(wrong)
    await recovers('all clocks are right', RECOVERY_MS)
    await sells(30)
  },
}

async function end(processes: readonly Process[]): Promise<void> {
  for (const each of processes) each.send('SIGTERM')
  await Promise.all(processes.map((each) => each.ended()))
}

type Round = {
  readonly round: string
  /** Whether the database's clock goes on from where it was. */
  readonly expires: boolean
}

/** By this machine's time: a hold can be ordered late in its time, and one that is not is for sale again after it. */
async function keepsItsWord(scene: Scene, { round, expires }: Round): Promise<void> {
  const { stage, load, patience, demand } = scene
  const [product = 0] = load.products
  const place = async (name: string) => {
    const request = { path: '/api/holds', body: { product_id: product, qty: 1, ttl: TTL_S } }
    const hold = await load.execute({ op: 'hold', process: name, product, key: name, request })
    return { name, holdId: String(hold?.body['hold_id']), atMs: performance.now() }
  }
  const names = Array.from({ length: HOLDS_EACH * 2 }, (_, n) => `${round}-${n}`)
  const holds = await Promise.all(names.map(place))
  const ordered = holds.slice(0, HOLDS_EACH)
  const left = holds.slice(HOLDS_EACH)

  await sleep(TTL_S * 1_000 * LATE_IN_TIME)
  for (const { name, holdId } of left) {
    const status = (await findHold(stage.database, holdId))?.status
    demand(status === 'active', `${name} was released early: it is ${status}`)
  }
  for (const { name, holdId, atMs } of ordered) {
    const key = `${name}-order`
    const request = { path: '/api/orders', body: { hold_id: holdId } }
    const order = await load.execute({ op: 'order', process: name, product, key, request })
    const wasInTime = performance.now() - atMs < TTL_S * 1_000
    demand(!wasInTime || order?.status === 201, `${name}, ordered in time: ${order?.status}`)
  }
  if (!expires) return
  const hasExpired = async () => {
    const found = await Promise.all(left.map(({ holdId }) => findHold(stage.database, holdId)))
    return found.every((hold) => hold?.status === 'expired')
  }
  await until(hasExpired, {
    withinMs: EXPIRED_MS_MAX * patience,
    what: `the holds of ${round} expire`,
  })
}
