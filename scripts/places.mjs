/** Where things are. All that the scripts make lies under one git-ignored folder. */
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const ours = join(root, '.flashlane')
export const dataFolder = join(ours, 'data')

const SOCKET_FOLDER_BYTES_MAX = 60

/** A private folder with a short path: that of a unix socket may have about 100 bytes, which a clone somewhere deep exceeds. */
export function makeShortFolder() {
  const temporary = realpathSync(tmpdir())
  const parent = Buffer.byteLength(temporary) > SOCKET_FOLDER_BYTES_MAX ? '/tmp' : temporary
  return mkdtempSync(join(parent, 'flashlane-'))
}
