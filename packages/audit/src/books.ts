/** What an audit reads: the database as it stood at one moment. packages/db gives it, a test may. */
import type { Snapshot } from '@flashlane/db'

export type Books = Snapshot
