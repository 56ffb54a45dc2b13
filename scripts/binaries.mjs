/** Programs of this machine. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Servers often lie where only root's PATH leads. */
const ALSO = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/usr/libexec',
]

/**
 * The first of the names that is found.
 * @param {readonly string[]} names
 * @returns {string | undefined}
 */
export function findBinary(names) {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...ALSO]
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
