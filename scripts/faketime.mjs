/** libfaketime, which gives a process a clock that is wrong. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian and Ubuntu have it, each under the name of the machine's kind. */
const FOLDER = '/usr/lib'
const LIBRARY = join('faketime', 'libfaketimeMT.so.1')

/** @returns {string | undefined} */
export function findFaketime() {
  if (!existsSync(FOLDER)) return undefined
  return readdirSync(FOLDER)
    .map((kind) => join(FOLDER, kind, LIBRARY))
    .find((file) => existsSync(file))
}
