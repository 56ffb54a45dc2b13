import type { Row, Scene } from '../row.ts'

/** After its crash recovery. */
const RECOVERY_MS = 2_000
const TIMES = 2

export const mysqlKilled: Row = {
  id: 12,
  title: 'MySQL is killed and recovers',
  fault: 'kill -9 of mysqld, idle and under load, and a restart',
  breaksMysql: true,
  async run(scene) {
    const { load, sells } = scene
    const goOn = await load.pause()
    await killAndRestart(scene, 'idle')
    goOn()
    await sells(50)
    for (let n = 0; n < TIMES; n++) {
      await killAndRestart(scene, 'under load')
      await sells(100)
    }
  },
}

async function killAndRestart({ stage, note, recovers }: Scene, when: string): Promise<void> {
  note(`MySQL is killed, ${when}`)
  await stage.mysql().kill()
  await stage.mysql().start()
  await recovers(`MySQL answers, killed ${when}`, RECOVERY_MS)
}
