/** Encrypted connections to MySQL and Redis: the settings, and what Node's TLS makes of them. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** As Node's TLS takes it. Whose certificate does not fit is not talked to. */
export type Tls = {
  /** Unset: the authorities that Node knows. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: true
  readonly minVersion: 'TLSv1.2'
}

/** For authorities that Node knows by itself. */
const SYSTEM = 'system'

/** A file is read with the settings, once: one that is not there stops the process like any other fault. */
const pemFile = z.string().transform(readPem)
const authority = z
  .string()
  .transform((file, context) => (file === SYSTEM ? file : readPem(file, context)))

const CLIENT = 'PEM file of the client’s'

export const mysqlTlsSettings = {
  MYSQL_TLS_CA: authority.optional().meta({
    description:
      'PEM file of the authority behind MySQL’s certificate, or `system` for those that Node knows. Set, connections are encrypted, and the certificate has to be for the host’s name in `MYSQL_URL`',
  }),
  MYSQL_TLS_CERT: pemFile.optional().meta({ description: `${CLIENT} certificate, with its key` }),
  MYSQL_TLS_KEY: pemFile.optional().meta({ description: `${CLIENT} key` }),
}

export const redisTlsSettings = {
  REDIS_TLS_CA: authority.optional().meta({
    description:
      'The same for Redis. With `rediss://` and without this, the authorities that Node knows',
  }),
  REDIS_TLS_CERT: pemFile.optional().meta({ description: `${CLIENT} certificate, with its key` }),
  REDIS_TLS_KEY: pemFile.optional().meta({ description: `${CLIENT} key` }),
}

type Given<Server extends 'MYSQL' | 'REDIS'> = {
  readonly [Name in `${Server}_TLS_${'CA' | 'CERT' | 'KEY'}`]?: string | undefined
}

export const mysqlTls = (given: Given<'MYSQL'>): Tls | undefined =>
  tlsOf(given.MYSQL_TLS_CA, given.MYSQL_TLS_CERT, given.MYSQL_TLS_KEY)

export const redisTls = (given: Given<'REDIS'>): Tls | undefined =>
  tlsOf(given.REDIS_TLS_CA, given.REDIS_TLS_CERT, given.REDIS_TLS_KEY)

/** For commands, which have no settings of their own. */
export function mysqlTlsOf(env: NodeJS.ProcessEnv): Tls | undefined {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = z.object(mysqlTlsSettings).safeParse(given)
  if (!parsed.success) throw new Error(`bad configuration\n${z.prettifyError(parsed.error)}`)
  return mysqlTls(parsed.data)
}

function tlsOf(ca?: string, cert?: string, key?: string): Tls | undefined {
  if (ca === undefined && cert === undefined && key === undefined) return undefined
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error(
      'a certificate of the client and its key go together: set ..._TLS_CERT and ..._TLS_KEY',
    )
  }
  return {
    ...(ca === undefined || ca === SYSTEM ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  }
}

function readPem(file: string, context: z.core.$RefinementCtx<string>): string {
  const text = read(file)
  if (text?.includes('-----BEGIN ')) return text
  context.addIssue(text === null ? `${file} cannot be read` : `${file} is no PEM file`)
  return z.NEVER
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
