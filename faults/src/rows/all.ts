/** The fault matrix, in the order of its numbers. */
import type { Row } from '../row.ts'
import { redisKilled } from './08-redis-killed.ts'

export const rows: readonly Row[] = [redisKilled]
