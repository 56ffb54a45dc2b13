import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../row.ts'

/** What `appendfsync everysec` may lose. */
const LOST_MS = [1_000, 2_000]
const RECOVERY_MS = 5_000

export const redisPowerLoss: Row = {
  id: 10,
  title: 'The machine of Redis loses its power',
  fault: 'kill -9 of redis-server, and the last 1 or 2 s of its AOF are cut off',
  losesRedis: true,
  async run({ stage, note, sells, lasts, recovers }) {
    for (const ms of LOST_MS) {
      const file = currentAof(stage.redis.folder)
      const { size } = statSync(file)
      await lasts(ms)
      await stage.redis.kill()
      note(`Redis loses its last ${ms / 1_000} s: ${statSync(file).size - size} bytes`)
      truncateSync(file, size)
      await stage.redis.start()
      await recovers(`Redis is up without its last ${ms / 1_000} s`, RECOVERY_MS)
      await sells(100)
    }
  },
}

/** The part that grows. */
function currentAof(folder: string): string {
  const parts = join(folder, 'appendonlydir')
  const name = readdirSync(parts).find((each) => each.endsWith('.incr.aof'))
  if (name === undefined) throw new Error(`no append-only file in ${parts}`)
  return join(parts, name)
}
