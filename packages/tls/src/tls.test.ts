import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mysqlTls, mysqlTlsOf, redisTls } from './tls.ts'

const folder = mkdtempSync(join(tmpdir(), 'flashlane-tls-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

let files = 0

function aFile(text: string): string {
  const file = join(folder, `${files++}.pem`)
  writeFileSync(file, text)
  return file
}

test('without a setting nothing is encrypted by us', () => {
  expect(mysqlTlsOf({})).toBeUndefined()
  expect(mysqlTlsOf({ MYSQL_TLS_CA: '' })).toBeUndefined()
})

test('an authority is read from its file, and whoever it does not know is not talked to', () => {
  expect(mysqlTlsOf({ MYSQL_TLS_CA: aFile(PEM) })).toMatchObject({
    ca: PEM,
    rejectUnauthorized: true,
  })
})

test('system leaves it to the authorities that Node knows', () => {
  const tls = mysqlTlsOf({ MYSQL_TLS_CA: 'system' })

  expect(tls).toMatchObject({ rejectUnauthorized: true })
  expect(tls).not.toHaveProperty('ca')
})

test.each([
  ['is not there', '/nowhere/ca.pem', 'cannot be read'],
  ['is something else', aFile('a secret'), 'is no PEM file'],
])('a file that %s stops the process, and is not repeated', (_, file, why) => {
  const read = () => mysqlTlsOf({ MYSQL_TLS_CA: file })

  expect(read).toThrow(why)
  expect(read).not.toThrow('a secret')
})

test('a client’s certificate comes with its key, and never without encryption', () => {
  expect(redisTls({ REDIS_TLS_CERT: PEM, REDIS_TLS_KEY: PEM })).toMatchObject({ cert: PEM })
  expect(() => redisTls({ REDIS_TLS_CERT: PEM })).toThrow('go together')
  expect(() => mysqlTls({ MYSQL_TLS_KEY: PEM })).toThrow('go together')
})
