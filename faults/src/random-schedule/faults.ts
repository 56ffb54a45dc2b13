/** Single faults that may be mixed: each is made, lasts, and is healed again. */
import type { Process } from '../../../tests/support/process.ts'
import type { Proxy } from '../../../tests/support/proxy.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage/stage.ts'

export type Heal = () => Promise<void> | void

export type Fault = {
  readonly name: string
  /** Two that break the same thing are not mixed: one would heal what the other broke. */
  readonly breaks: 'redis' | 'mysql' | 'apis' | 'workers' | LinkName
  /** It takes from Redis what Redis had acknowledged. */
  readonly losesRedis?: true
  /** Returns what heals it. */
  make(stage: Stage, random: Random): Promise<Heal> | Heal
}

type LinkName = keyof Stage['links']

const LINKS: readonly LinkName[] = ['apiRedis', 'apiMysql', 'workerRedis', 'workerMysql']

const onLinks = (what: string, make: (link: Proxy, random: Random) => void): readonly Fault[] =>
  LINKS.map((name) => ({
    name: `${name} ${what}`,
    breaks: name,
    make(stage, random) {
      const link = stage.links[name]
      make(link, random)
      return () => {
        link.restore()
        link.shape({})
      }
    },
  }))

const alive = (processes: readonly Process[]): readonly Process[] =>
  processes.filter((each) => each.isRunning())

const onProcesses: readonly Fault[] = [
  {
    name: 'a worker is killed',
    breaks: 'workers',
    make(stage, random) {
      random.pick(alive(stage.workers)).send('SIGKILL')
      return () => void stage.startWorker()
    },
  },
  {
    name: 'a worker is frozen',
    breaks: 'workers',
    make(stage, random) {
      const worker = random.pick(alive(stage.workers))
      worker.send('SIGSTOP')
      return () => worker.send('SIGCONT')
    },
  },
  {
    name: 'an api is killed',
    breaks: 'apis',
    make(stage, random) {
      random.pick(alive(stage.apis)).send('SIGKILL')
      return async () => void (await stage.startApi())
    },
  },
  {
    name: 'an api is frozen',
    breaks: 'apis',
    make(stage, random) {
      const api = random.pick(alive(stage.apis))
      api.send('SIGSTOP')
      return () => api.send('SIGCONT')
    },
  },
]

const onServers: readonly Fault[] = [
  {
    name: 'Redis is killed',
    breaks: 'redis',
    async make({ redis }) {
      await redis.kill()
      return () => redis.start()
    },
  },
  {
    name: 'Redis is frozen',
    breaks: 'redis',
    make({ redis }) {
      redis.freeze()
      return () => redis.thaw()
    },
  },
  {
    name: 'FLUSHALL',
    breaks: 'redis',
    losesRedis: true,
    async make({ redisClient }) {
      await redisClient.flushall()
      return () => {}
    },
  },
  {
    name: 'MySQL is killed',
    breaks: 'mysql',
    async make(stage) {
      await stage.mysql().kill()
      return () => stage.mysql().start()
    },
  },
  {
    name: 'MySQL is frozen',
    breaks: 'mysql',
    make(stage) {
      stage.mysql().freeze()
      return () => stage.mysql().thaw()
    },
  },
]

export const faults: readonly Fault[] = [
  ...onProcesses,
  ...onServers,
  ...onLinks('is cut', (link) => link.cut()),
  ...onLinks('swallows everything', (link) => link.freeze()),
  ...onLinks('forgets its connections', (link) => link.forget()),
  ...onLinks('resets its connections', (link) => link.reset()),
  ...onLinks('is slow and loses connections', (link, random) =>
    link.shape({ delayMs: random.between(5, 100), resets: random.next() / 50 }),
  ),
]
