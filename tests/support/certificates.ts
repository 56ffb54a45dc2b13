/** An authority of the test's own, and what it signs; by openssl. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Signed = { readonly cert: string; readonly key: string }

export type Authority = {
  readonly ca: string
  sign(name: string): Signed
}

const DAYS = ['-days', '2']

/** `name` tells authorities apart, and files in the folder. */
export function createAuthority(folder: string, name: string): Authority {
  const file = (of: string) => join(folder, `${name}-${of}.pem`)
  const openssl = (...args: readonly string[]) =>
    void execFileSync('openssl', args, { stdio: 'pipe', timeout: 30_000 })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const ca = { cert: file('ca'), key: file('ca-key') }
  const subject = ['-subj', `/CN=${name}`]
  openssl('req', '-x509', ...newKey, '-keyout', ca.key, '-out', ca.cert, ...DAYS, ...subject)

  return {
    ca: ca.cert,
    sign(host) {
      const signed = { cert: file(host), key: file(`${host}-key`) }
      const [request, extensions] = [file(`${host}-request`), file(`${host}-extensions`)]
      writeFileSync(extensions, `subjectAltName=DNS:${host}\n`)
      openssl(
        'req',
        '-new',
        ...newKey,
        '-keyout',
        signed.key,
        '-out',
        request,
        '-subj',
        `/CN=${host}`,
      )
      const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-extfile', extensions]
      openssl('x509', '-req', '-in', request, ...by, ...DAYS, '-out', signed.cert)
      return signed
    },
  }
}
