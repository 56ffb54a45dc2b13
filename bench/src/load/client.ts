/** Runs one of our own clients to its end, in a process of its own. */
import { fileURLToPath } from 'node:url'
import { launchNode, outputOf } from '../children.ts'
import type { Buyers, BuyersResult } from './buyers.ts'
import type { ConstantRate, RateResult } from './constant-rate.ts'
import type { Readers, ReadersResult } from './readers.ts'

async function runClient<Result>(name: string, options: object): Promise<Result> {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const output = await outputOf(launchNode(name, file, { args: [JSON.stringify(options)] }))
  return JSON.parse(output) as Result
}

export const runConstantRate = (options: ConstantRate): Promise<RateResult> =>
  runClient('constant-rate', options)

export const runBuyers = (options: Buyers): Promise<BuyersResult> => runClient('buyers', options)

export const runReaders = (options: Readers): Promise<ReadersResult> =>
  runClient('readers', options)
