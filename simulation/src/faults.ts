/** What goes wrong while a sale runs: each seed draws a few kinds, and some of each, at any moment. */
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'
import type { World } from './world.ts'

/** Makes the fault; what it returns mends it. */
type Fault = (stage: Stage, world: World) => (() => void) | null

const nothing = (): void => {}

const ofProcess =
  (kind: 'apis' | 'workers', how: 'kill' | 'freeze' | 'stop'): Fault =>
  (stage, { random, trace }) => {
    const hit = random.pick(stage[kind])
    if (!hit || hit.process.state() !== 'running') return null
    trace.add('FAULT', `${how} ${hit.process.name}`)
    if (how === 'stop') hit.stop()
    if (how === 'kill') hit.process.kill()
    if (how === 'freeze') hit.process.freeze()
    return how === 'freeze' ? hit.process.thaw : stage.restart
  }

const slow =
  (name: 'mysql' | 'redis', slowness: number, loss: number): Fault =>
  (stage) => {
    const { network } = stage[name].server
    network.slowness = slowness
    network.loss = loss
    return () => {
      network.slowness = 0
      network.loss = 0
    }
  }

export const FAULTS = {
  'worker killed': ofProcess('workers', 'kill'),
  'worker frozen': ofProcess('workers', 'freeze'),
  'worker stopped': ofProcess('workers', 'stop'),
  'api killed': ofProcess('apis', 'kill'),
  'api frozen': ofProcess('apis', 'freeze'),
  'api stopped': ofProcess('apis', 'stop'),
  'redis down': ({ redis }) => {
    redis.crash()
    return redis.heal
  },
  'redis frozen': ({ redis }) => {
    redis.freeze()
    return redis.heal
  },
  'redis emptied': ({ redis }) => {
    redis.lose()
    return nothing
  },
  'redis saved': ({ redis }) => {
    redis.save()
    return nothing
  },
  'redis as it was': ({ redis }) => {
    redis.crash()
    redis.restore()
    return redis.heal
  },
  'redis unlimited': ({ redis }) => {
    redis.unlimit()
    return redis.limit
  },
  'redis lossy': slow('redis', 0, 0.1),
  'redis slow': slow('redis', 0.2, 0),
  'mysql down': ({ mysql }) => {
    mysql.crash()
    return mysql.heal
  },
  'mysql frozen': ({ mysql }) => {
    mysql.freeze()
    return mysql.heal
  },
  'mysql cut': ({ mysql }) => {
    mysql.cutSome()
    return nothing
  },
  'mysql lossy': slow('mysql', 0, 0.1),
  'mysql slow': slow('mysql', 0.2, 0),
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS
const NAMES = Object.keys(FAULTS) as FaultName[]

/** Which go badly together. */
const THEMES: readonly (readonly FaultName[])[] = [
  ['worker stopped', 'mysql down'],
  ['worker frozen', 'worker killed'],
  ['mysql down', 'mysql frozen', 'mysql cut'],
  ['redis down', 'mysql lossy'],
  ['redis frozen', 'redis slow'],
  ['redis emptied', 'worker killed'],
  ['redis unlimited', 'worker frozen', 'mysql slow'],
  ['api killed', 'api frozen', 'redis frozen'],
]
const KINDS_MAX = 5
const TIMES_MAX = 8
const LASTS_MS: readonly (readonly [number, number])[] = [
  [20, 400],
  [400, 2_500],
  [2_500, 6_000],
]

type Plan = {
  readonly untilMs: number
  /** In place of what the seed draws. */
  readonly chosen: readonly FaultName[] | null
  readonly lastsMs: readonly [number, number] | undefined
}

/** Plans them all. A seed without any is a sale on a good day. */
export function planFaults(
  stage: Stage,
  world: World,
  { untilMs, chosen, lastsMs }: Plan,
): readonly FaultName[] {
  const { schedule, random, trace } = world
  const kinds = [...(chosen ?? drawKinds(random))]
  if (kinds.includes('redis as it was')) kinds.push('redis saved')
  if (kinds.length === 0) return []
  // Of long ones there are few: the first that is mended ends the others of its server.
  for (let n = lastsMs ? 2 : random.below(TIMES_MAX) + 1; n > 0; n--) {
    const name = random.pick(kinds)
    schedule.after(random.between(0, untilMs), () => {
      const mend = FAULTS[name](stage, world)
      if (!mend) return
      world.fault(name)
      if (mend === nothing) return
      schedule.after(random.between(...(lastsMs ?? random.pick(LASTS_MS))), () => {
        trace.add('FAULT', `${name}: over`)
        mend()
      })
    })
  }
  return kinds
}

const drawKinds = (random: Random): readonly FaultName[] =>
  random.chance(0.4)
    ? random.pick(THEMES)
    : Array.from({ length: random.below(KINDS_MAX + 1) }, () => random.pick(NAMES))

export const isFault = (name: string): name is FaultName => Object.hasOwn(FAULTS, name)
