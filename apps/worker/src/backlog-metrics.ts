/** What waits: in the lanes, and in the database. Of all workers alike, so whoever adds them up takes the greatest. */
import { BACKLOG_COUNTED_MAX, BACKLOGS, type Backlog } from '@flashlane/db'
import { addGauge } from '@flashlane/telemetry'
import { Gauge, type Registry } from 'prom-client'
import type { LaneBacklog } from './lane-backlogs.ts'

type Sources = {
  /** Null where Redis does not tell. */
  laneBacklogs(): Promise<readonly LaneBacklog[] | null>
  /** Null where MySQL does not tell. */
  backlogs(): Promise<readonly Backlog[] | null>
  openLanes(): number
  /** So many lanes are shown by name: those with most commands, and those that wait longest. */
  readonly lanesShown: number
}

export function addBacklogMetrics(registry: Registry, sources: Sources): void {
  addGauge(
    registry,
    {
      name: 'flash_lanes_open',
      help: 'Lanes that this worker works. Fewer than in the other workers for more than some seconds: it cannot read the products.',
    },
    sources.openLanes,
  )
  addLaneGauges(registry, sources)
  if (sources.lanesShown > 0) addNamedLaneGauges(registry, sources)
  addDatabaseGauges(registry, sources)
}

function addLaneGauges(registry: Registry, { laneBacklogs }: Sources): void {
  const ofLanes = (
    name: string,
    help: string,
    read: (backlogs: readonly LaneBacklog[]) => number,
  ): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          const backlogs = await laneBacklogs()
          this.remove()
          if (backlogs) this.set(read(backlogs))
        },
      }),
    )
  ofLanes(
    'flash_lanes_commands_waiting',
    'Commands that wait in all lanes, about. Grows: more comes than is applied; more workers help if it is spread over lanes.',
    (backlogs) => backlogs.reduce((sum, { commands }) => sum + commands, 0),
  )
  ofLanes(
    'flash_lanes_commands_waiting_max',
    'Commands that wait in the deepest lane, about. Near the sum: one hot product, which no further worker makes quicker. At 250,000 holds get 503.',
    (backlogs) => Math.max(0, ...backlogs.map(({ commands }) => commands)),
  )
  ofLanes(
    'flash_lanes_oldest_seconds',
    'How long the batch that waits longest in any lane has waited. Above WAIT_S: clients get 202. Grows by a second each second: a lane is stuck.',
    (backlogs) => Math.max(0, ...backlogs.map(({ oldestAgeMs }) => oldestAgeMs)) / 1_000,
  )
}

function addNamedLaneGauges(registry: Registry, { laneBacklogs, lanesShown }: Sources): void {
  const byName = (name: string, help: string, read: (backlog: LaneBacklog) => number): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['lane'],
        registers: [],
        async collect() {
          const backlogs = (await laneBacklogs()) ?? []
          this.reset()
          const top = backlogs.toSorted((a, b) => read(b) - read(a)).slice(0, lanesShown)
          for (const backlog of top) this.set({ lane: backlog.lane }, read(backlog))
        },
      }),
    )
  byName(
    'flash_lane_commands_waiting',
    'Commands that wait in the deepest lanes, about. Only with METRICS_LANES: a lane’s name is its product’s.',
    ({ commands }) => commands,
  )
  byName(
    'flash_lane_oldest_seconds',
    'How long the lanes that wait longest have waited. Only with METRICS_LANES.',
    ({ oldestAgeMs }) => oldestAgeMs / 1_000,
  )
}

function addDatabaseGauges(registry: Registry, { backlogs }: Sources): void {
  const byWhat = (name: string, help: string, read: (backlog: Backlog) => number): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['what'],
        registers: [],
        async collect() {
          const found = (await backlogs()) ?? []
          this.reset()
          for (const backlog of found) this.set({ what: backlog.what }, read(backlog))
        },
      }),
    )
  byWhat(
    'flash_backlog',
    `What waits in MySQL: ${BACKLOGS.join(', ')}. Counted up to ${BACKLOG_COUNTED_MAX.toLocaleString('en')}. The last two are for operators; the others grow when lanes or workers do not come to them.`,
    ({ count }) => count,
  )
  byWhat(
    'flash_backlog_oldest_seconds',
    'How long the oldest of these has waited; of what is overdue, since its deadline. The more it is, the longer nobody came.',
    ({ oldestAgeMs }) => oldestAgeMs / 1_000,
  )
}
