/** A process of ours that runs another version of itself: its sources are edited as they are loaded, the files never. */
import { fileURLToPath } from 'node:url'
import type { Env } from './stage.ts'

export type Edit = {
  /** From the root of the repository. */
  readonly file: string
  /** Must stand there exactly once: an edit that misses is an error. */
  readonly find: string
  readonly replace: string
}

export const EDITS_VARIABLE = 'FLASHLANE_FAULTS_EDITS'

const preload = fileURLToPath(new URL('edit-on-load.ts', import.meta.url))

export const withEdits = (edits: readonly Edit[]): Env => ({
  NODE_OPTIONS: `--import ${preload}`,
  [EDITS_VARIABLE]: JSON.stringify(edits),
})
