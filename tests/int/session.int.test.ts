import { connect, findEvent, findHold, insertWaitingEvent } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startMysql } from '../../scripts/services.mjs'
import { aBatch, aPayment, aPlaceHold, aProduct } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const folder = mkdtempSync(join(tmpdir(), 'flashlane-session-'))
let server: Awaited<ReturnType<typeof startMysql>>
let testDatabase: TestDatabase

describe('a server whose defaults are the worst', () => {
  beforeAll(async () => {
    server = await startMysql({
      folder,
      port: await freePort(),
      password: 'for-this-test-only',
      bufferPool: '64M',
      settings: ['--sql-mode=NO_BACKSLASH_ESCAPES', '--autocommit=0', '--completion-type=CHAIN'],
    })
    testDatabase = await createTestDatabase(server)
  })
  afterAll(async () => {
    await testDatabase.drop()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a quote in a name ends no value, whatever the server means by a backslash', async () => {
    const { database } = testDatabase
    const hold = aPlaceHold(await aProduct(database, { stock: 1 }), {
      customerRef: String.raw`it's \' or 1=1 -- \\`,
    })

    const { outcomes } = await applyBatch(
      createStore(database, pino({ level: 'silent' })),
      aBatch([hold]),
    )

    expect(outcomes).toMatchObject([{ outcome: 'accepted' }])
    expect((await findHold(database, hold.holdId))?.customerRef).toBe(hold.customerRef)
  })

  test('a payment event that was kept is committed, whatever the server does with a lone statement', async () => {
    const { database, url } = testDatabase
    const event = aPayment(await aProduct(database, { stock: 1 }))

    await insertWaitingEvent(database, event, Date.now())
    const other = connect({ url, poolSize: 1, multipleStatements: false })
    const found = await findEvent(other, event.provider, event.eventKey)
    await other.close()

    expect(found).toMatchObject({ state: 'waiting' })
  })
})
