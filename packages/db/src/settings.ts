/** What all processes must agree on, kept in the database: whoever comes first writes it. */
import { randomBytes } from 'node:crypto'
import type { Database } from './connect.ts'
import { isDuplicateKey } from './errors.ts'

/** Returns the layout of lanes that stands, which is `layout` if none stood before. */
export const claimLayout = (database: Database, layout: string): Promise<string> =>
  claim(database, 'lanes', layout)

/** What ids are derived with from Idempotency-Keys: 256 bits, made once. */
export async function idempotencySecret(database: Database): Promise<Buffer> {
  const text = await claim(database, 'idempotency_secret', randomBytes(32).toString('hex'))
  return Buffer.from(text, 'hex')
}

async function claim({ db }: Database, name: string, value: string): Promise<string> {
  const read = () =>
    db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  const known = await read()
  if (known) return known.value
  try {
    await db.insertInto('settings').values({ name, value }).execute()
    return value
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    return (await read())?.value ?? value
  }
}
