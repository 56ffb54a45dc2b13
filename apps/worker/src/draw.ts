/** Draws an `x` for what the worker itself makes: batches, and commands that nobody sent. */
import { drawX } from '@flashlane/core'
import { randomBytes } from 'node:crypto'

const X_BYTES = 10

export type Draw = (nowMs: number) => string

export const draw: Draw = (nowMs) => drawX(nowMs, randomBytes(X_BYTES))
