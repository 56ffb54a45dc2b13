import { until } from '../../../tests/support/until.ts'
import type { Row } from '../row.ts'

const DISK_MB = 400
const FULL_MS = 5_000
const RECOVERY_MS = 5_000
const NOTICED_MS_MAX = 60_000

export const diskFull: Row = {
  id: 14,
  title: 'The disk of MySQL is full',
  fault: 'its data lies on a small tmpfs, which is filled',
  breaksMysql: true,
  mysql: { diskMb: DISK_MB },
  needsRoot: true,
  // Tables have some room left: only a crowd makes them grow.
  load: { buyers: 32, pauseMsMax: 0 },
  async run({ stage, note, sells, lasts, recovers }) {
    const said = stage.workers.map((worker) => worker.output().length)
    const giveBack = stage.mysql().disk?.fill()
    note('the disk of MySQL is full')
    await until(() => stage.workers.some((worker, n) => isFull(worker.output().slice(said[n]))), {
      withinMs: NOTICED_MS_MAX,
      what: 'a worker is told that the disk is full',
    })
    await lasts(FULL_MS)
    giveBack?.()
    await recovers('the disk of MySQL has room again', RECOVERY_MS)
    await sells(200)
  },
}

/** How MySQL and MariaDB say it, each at another place. */
const isFull = (output: string): boolean =>
  /ER_RECORD_FILE_FULL|ER_DISK_FULL|ER_ERROR_ON_WRITE|No space left/.test(output)
