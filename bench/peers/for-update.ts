/** SELECT ... FOR UPDATE: a transaction a request. */
import { openPool } from './mysql.ts'
import { placeByLock } from './place-by-lock.ts'
import { serve } from './serve.ts'

const pool = openPool()
await serve({ place: (request) => placeByLock(pool, request), close: () => pool.end() })
