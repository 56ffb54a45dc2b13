/** A row of the fault matrix: what is broken, how, and how soon all must go on. */
import type { Series } from '@flashlane/checkers'
import type { Load } from './load/load.ts'
import type { Random } from './random.ts'
import type { MysqlNeeds } from './stage/servers.ts'
import type { Stage, StageOptions } from './stage/stage.ts'

export type Row = {
  /** As docs/reliability.md numbers it. What needs another stage has a row of its own under the same number. */
  readonly id: number | 'random' | 'soak'
  readonly title: string
  /** What is done, for the report. */
  readonly fault: string
  /** It kills or freezes the database: it gets one of its own. */
  readonly breaksMysql?: true
  /** What its MySQL must be like, which then is its alone. */
  readonly mysql?: MysqlNeeds
  /** It mounts a disk. */
  readonly needsRoot?: true
  /** Batches of a lane may change places: order is not judged. */
  readonly reorders?: true
  /** It takes from Redis what Redis had acknowledged: what was answered 202 may be gone. */
  readonly losesRedis?: true
  readonly stage?: StageOptions
  readonly load?: LoadOptions
  run(scene: Scene): Promise<void>
}

export type LoadOptions = {
  readonly buyers?: number
  /** Longest rest of a buyer between two purchases. */
  readonly pauseMsMax?: number
  /** Of each product; buyers prefer the first. */
  readonly stocks?: readonly number[]
}

export type Scene = {
  readonly stage: Stage
  readonly load: Load
  readonly random: Random
  /** What deadlines of a row's own are multiplied by. */
  readonly patience: number
  /** Notes a fault for the report, when it is made. */
  note(fault: string): void
  /** What was seen, for whoever looks on. */
  say(line: string): void
  /** Under load, until so many further commands have their outcome. */
  sells(count: number): Promise<void>
  /** The fault lasts so long, under load. */
  lasts(ms: number): Promise<void>
  /** From now until a new hold of every product has its outcome: judged by its budget, and reported. */
  recovers(from: string, budgetMs: number): Promise<void>
  /** What must not grow: judged by C10. */
  measured(series: Series): void
  /** A claim of the row's own, beside the checkers'. */
  demand(isTrue: boolean, sentence: string): void
}
