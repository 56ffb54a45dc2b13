/** A batch, kept until its outcomes are known: Redis may lose it. */
import type { CommandBatch } from '@flashlane/core'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

export type KeptBatch = {
  readonly batchId: string
  readonly size: number
  read(): CommandBatch
  /** Takes a tenth of the memory from then on: for one that is not read again, unless it is lost. */
  fold(): void
}

/** Quick, and little memory while it works: the commands of a batch are much alike. */
const DEFLATE = { level: 1, memLevel: 6, windowBits: 13 }

export function keepBatch(batch: CommandBatch): KeptBatch {
  let kept: CommandBatch | Uint8Array = batch
  return {
    batchId: batch.batchId,
    size: batch.commands.length,
    // What it folded itself, and no stranger's.
    read: () =>
      kept instanceof Uint8Array
        ? (JSON.parse(inflateRawSync(kept).toString()) as CommandBatch)
        : kept,
    fold() {
      if (kept instanceof Uint8Array) return
      // A copy, since zlib's own buffer is many times as large.
      kept = Uint8Array.from(deflateRawSync(JSON.stringify(kept), DEFLATE))
    },
  }
}
