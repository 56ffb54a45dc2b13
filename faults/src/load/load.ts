/** Everything that buys, pays and asks while something is broken. */
import type { Operation } from '@flashlane/checkers'
import type { Random } from '../random.ts'
import type { LoadOptions } from '../row.ts'
import type { Stage } from '../stage/stage.ts'
import { startBuyers } from './buyers.ts'
import { type Execute, makeExecute } from './commands.ts'
import { createProvider, type Provider } from './provider.ts'
import { createRecorder, type Recorder } from './recorder.ts'

export type Load = {
  readonly products: readonly number[]
  readonly recorder: Recorder
  readonly provider: Provider
  readonly execute: Execute
  /** Commands that have their outcome. */
  decided(): number
  /** Lets each buyer finish what it has in hand; returns what lets them go on. */
  pause(): Promise<() => void>
  /** Nothing new; what is in hand is asked for until `withinMs` are over. Tells how many never learnt an outcome. */
  stop(withinMs: number): Promise<number>
}

const BUYERS = 12
const PAUSE_MS_MAX = 40
/** Plenty, and two that sell out. */
const STOCKS = [1_000_000, 60, 300]

export async function startLoad(
  stage: Stage,
  random: Random,
  { buyers = BUYERS, pauseMsMax = PAUSE_MS_MAX, stocks = STOCKS }: LoadOptions,
): Promise<Load> {
  const products: number[] = []
  for (const stock of stocks) products.push(await stage.product({ stock }))
  const recorder = createRecorder()
  const { apiUrl, webhookSecret: secret } = stage
  let endMs = Number.POSITIVE_INFINITY
  const isOver = () => performance.now() > endMs
  const provider = createProvider({ recorder, random, secret, apiUrl })
  const execute = makeExecute({ recorder, random, apiUrl, isOver })
  const crowd = startBuyers(
    { execute, provider, recorder, random, apiUrl },
    { count: buyers, products, pauseMsMax },
  )
  return {
    products,
    recorder,
    provider,
    execute,
    decided: () => recorder.operations.filter(isDecided).length,
    pause: crowd.pause,
    stop(withinMs) {
      endMs = performance.now() + withinMs
      return crowd.stop()
    },
  }
}

const isDecided = ({ op, kind }: Operation): boolean =>
  kind === 'ok' && op !== 'read' && op !== 'poll' && op !== 'webhook'
