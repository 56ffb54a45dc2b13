import type { Row } from '../row.ts'

const DOWN_MS = [500, 8_000, 30_000]
const RECOVERY_MS = 3_000

export const redisKilled: Row = {
  id: 8,
  title: 'Redis is killed and comes back with its AOF',
  fault: `kill -9 of redis-server, down for ${DOWN_MS.map((ms) => ms / 1_000).join(', ')} s`,
  async run({ stage, note, sells, lasts, recovers }) {
    for (const ms of DOWN_MS) {
      note(`Redis is killed, for ${ms / 1_000} s`)
      await stage.redis.kill()
      await lasts(ms)
      await stage.redis.start()
      await recovers(`Redis is up after ${ms / 1_000} s`, RECOVERY_MS)
      await sells(100)
    }
  },
}
