/** What a run that was killed could not clean up. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ours } from './places.mjs'
import { beginningOf } from './processes.mjs'
import { endLeftOvers, holderOf } from './running.mjs'

/** Where a run keeps its processes, in its folder. */
export const pageName = 'running.json'

/** @param {string} kind Of folders: `test` of `test-<pid>`. */
export async function removeLeftOvers(kind) {
  if (!existsSync(ours)) return
  for (const name of readdirSync(ours)) {
    const pid = name.startsWith(`${kind}-`) ? Number(name.slice(kind.length + 1)) : 0
    if (!pid) continue
    const page = join(ours, name, pageName)
    if (existsSync(page) ? holderOf(page) : pid !== process.pid && beginningOf(pid)) continue
    await endLeftOvers(page)
    rmSync(join(ours, name), { recursive: true, force: true })
  }
}
