/** What a process knows of one lane. */
import type { Command } from '@flashlane/core'
import type { InFlight } from './in-flight.ts'
import { createLaneBuffer, type LaneBuffer } from './lane-buffer.ts'

/** A depth that was told longer ago says nothing: whoever sends nothing is told nothing. */
const DEPTH_VALID_MS = 1_000

export type Lane = {
  readonly name: string
  readonly buffer: LaneBuffer
  /** Batches to be sent again, in their old order, before anything from the buffer. */
  readonly lost: InFlight[]
  isSending: boolean
  /** Of this process, in flight. */
  batches: number
  /** Of this process, in the buffer or in flight. */
  commands: number
  depthTold: number
  heardMs: number
}

export const createLane = (name: string): Lane => ({
  name,
  buffer: createLaneBuffer(),
  lost: [],
  isSending: false,
  batches: 0,
  commands: 0,
  depthTold: 0,
  heardMs: Number.NEGATIVE_INFINITY,
})

/** New holds are turned away first, what follows from granted ones later. */
export function isTooDeep(lane: Lane, command: Command, now: { depthMax: number; ms: number }) {
  const told = now.ms - lane.heardMs < DEPTH_VALID_MS ? lane.depthTold : 0
  const depthMax = command.type === 'PlaceHold' ? now.depthMax : 2 * now.depthMax
  return Math.max(lane.commands, told) >= depthMax
}
