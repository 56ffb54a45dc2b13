import type { CommandBatch } from '@flashlane/core'
import { expect, test } from 'vitest'
import { keepBatch } from './kept-batch.ts'

const batch: CommandBatch = {
  kind: 'commands',
  format: 1,
  batchId: '01m802danb81cg21bvyre85py3',
  madeAtMs: 1_795_298_863_787,
  replyTo: 'api-1',
  commands: Array.from({ length: 256 }, (_, i) => ({
    type: 'PlaceHold',
    commandId: `cmd_1_${i}`,
    productId: 1,
    acceptedAtMs: 1_795_298_863_782 + i,
    requestId: `request-${i}`,
    holdId: `hold_1_${i}`,
    quantity: 1,
    ttlMs: 120_000,
    customerRef: i === 7 ? 'Zoë 🛒' : null,
  })),
}

test('a batch is read as it was given, before and after it is folded, and folded again', () => {
  const kept = keepBatch(batch)
  expect(kept.read()).toBe(batch)
  kept.fold()
  kept.fold()

  expect(kept.read()).toEqual(batch)
  expect(kept).toMatchObject({ batchId: batch.batchId, size: 256 })
})
