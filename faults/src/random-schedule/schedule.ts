/** Several faults at once, at random, under load; then all is healed, and progress is demanded. */
import { createRandom, type Random } from '../random.ts'
import type { Row, Scene } from '../row.ts'
import { type Fault, faults } from './faults.ts'

const ROUNDS = 3
const FAULTS_MAX = 4
const BEGINS_MS_MAX = 3_000
const LASTS_MS_MAX = 8_000
/** The longest that a single fault may take: a worker that froze while it held a row. */
const RECOVERY_MS = 10_000
const SELLS = 30
/** Of the schedules, those in which Redis may lose what it had. */
const LOSSY = 0.5

export function randomSchedule(seed: number): Row {
  const random = createRandom(seed)
  const isLossy = random.chance(LOSSY)
  const usable = faults.filter(({ losesRedis }) => isLossy || !losesRedis)
  const rounds = Array.from({ length: ROUNDS }, () => drawRound(usable, random))
  return {
    id: 'random',
    title: `Random faults of seed ${seed}`,
    fault: 'several at once',
    breaksMysql: true,
    ...(isLossy ? { losesRedis: true } : {}),
    async run(scene) {
      for (const [n, round] of rounds.entries()) {
        await Promise.all(round.map((planned) => play(scene, planned)))
        await scene.recovers(`round ${n + 1} is healed`, RECOVERY_MS)
        await scene.sells(SELLS)
      }
    },
  }
}

type Planned = { readonly fault: Fault; readonly beginsMs: number; readonly lastsMs: number }

/** Of each thing that can break, one fault at most. */
function drawRound(usable: readonly Fault[], random: Random): readonly Planned[] {
  const drawn = random.shuffle(usable).filter(isFirstOfItsKind)
  return drawn.slice(0, random.between(1, FAULTS_MAX)).map((fault) => ({
    fault,
    beginsMs: random.between(0, BEGINS_MS_MAX),
    lastsMs: random.between(0, LASTS_MS_MAX),
  }))
}

const isFirstOfItsKind = ({ breaks }: Fault, at: number, all: readonly Fault[]): boolean =>
  all.findIndex((each) => each.breaks === breaks) === at

async function play(
  { stage, random, note, lasts }: Scene,
  { fault, beginsMs, lastsMs }: Planned,
): Promise<void> {
  await lasts(beginsMs)
  note(`${fault.name}, for ${lastsMs} ms`)
  const heal = await fault.make(stage, random)
  await lasts(lastsMs)
  await heal()
}
