/** Fields that several of our own requests share. */
import { foreignName } from '@flashlane/core'
import { z } from 'zod'
import { invalid } from './problem.ts'

export const keyField = foreignName.optional()
export const customerRefField = foreignName.nullish()

/** A request that says everything in its address. */
export const emptyBody = z.strictObject({ idempotency_key: keyField })

type Named<Value> = readonly [name: string, value: Value | undefined]

/** One value under two names: either is understood, but not both with different values. */
export function eitherOf<Value>([name, value]: Named<Value>, [alias, aliased]: Named<Value>) {
  if (value !== undefined && aliased !== undefined && value !== aliased) {
    throw invalid([{ field: alias, message: `is another name for ${name}: send one of them` }])
  }
  return value ?? aliased
}
