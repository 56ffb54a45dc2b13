/** What one BullMQ job carries. */
import { z } from 'zod'
import { command, type Command, ping } from './command.ts'
import { timeOf } from './ids.ts'
import { packedHold, packHold, unpackHold } from './packed-hold.ts'

/** 1 has every command spelled out. */
export const BATCH_FORMATS = [1, 2] as const
/** In which a batch is written. */
export const BATCH_FORMAT = 2
export const BATCH_COMMANDS_MAX = 1_024

export const batchId = z.string().regex(/^[0-9a-z]{26}$/)

const head = {
  format: z.literal(BATCH_FORMATS),
  batchId,
  /** Made, or for a delayed job due, at this time: what its age is counted from. */
  madeAtMs: z.int().positive(),
}

const commandBatch = z.strictObject({
  ...head,
  kind: z.literal('commands'),
  /** The api process that waits for the outcomes. */
  replyTo: z.string().max(64).nullable(),
  commands: z
    .array(z.union([packedHold, command]))
    .min(1)
    .max(BATCH_COMMANDS_MAX),
})

/** Expire what is due in the lane; which products and what, the worker asks the database. */
const expiryBatch = z.strictObject({
  ...head,
  kind: z.literal('expiry'),
  cutoffMs: z.int().positive(),
})

const canaryBatch = z.strictObject({
  ...head,
  kind: z.literal('canary'),
  replyTo: z.string().max(64),
  ping,
})

/** As it stands in its job. */
export const packedBatch = z.discriminatedUnion('kind', [commandBatch, expiryBatch, canaryBatch])
type PackedBatch = z.infer<typeof packedBatch>

export type CommandBatch = Omit<z.infer<typeof commandBatch>, 'commands'> & {
  commands: Command[]
}
export type ExpiryBatch = z.infer<typeof expiryBatch>
export type CanaryBatch = z.infer<typeof canaryBatch>
export type Batch = CommandBatch | ExpiryBatch | CanaryBatch

export const packBatch = (batch: Batch): PackedBatch =>
  batch.kind === 'commands'
    ? { ...batch, commands: batch.commands.map((each) => packHold(each) ?? each) }
    : batch

export const unpackBatch = (packed: PackedBatch): Batch =>
  packed.kind === 'commands'
    ? {
        ...packed,
        commands: packed.commands.map((each) => (Array.isArray(each) ? unpackHold(each) : each)),
      }
    : packed

/** Names a job after what it holds, for whoever counts without reading it. */
export const jobName = (batch: Batch): string =>
  batch.kind === 'commands' ? `${batch.commands.length} commands` : batch.kind

/** Told by the id of a job of commands; null for others, whose few bytes tell it: an expiry is added long before it is due. */
export const madeAtOfJob = (jobId: string): number | null =>
  batchId.safeParse(jobId).success ? timeOf(jobId) : null

export function madeAtOfJobData(data: string | null): number | null {
  try {
    return z.object({ madeAtMs: head.madeAtMs }).parse(JSON.parse(data ?? '')).madeAtMs
  } catch {
    return null
  }
}

/** Told when a product is made, or a lane does not answer: every worker looks for lanes to open. */
export const LANES_CHANNEL = 'flashlane:lanes'
/** Told there instead of a product: look for what is overdue, too. */
export const SWEEP_NOTICE = 'sweep'
