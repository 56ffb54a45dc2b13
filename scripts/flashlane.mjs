/** npm run flashlane: the operators' command line, which finds the npm start that runs here by itself. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, root } from './places.mjs'
import { complain } from './progress.mjs'
import { holderOf } from './running.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

const COULD_NOT_RUN = 1
const CODE_WHEN_STOPPED = 130

const args = process.argv.slice(2)
const settings = join(root, '.env')
if (existsSync(settings)) process.loadEnvFile?.(settings) // What the environment says already wins.

await supervise({
  // Watching has no other end.
  codeWhenStopped: args.includes('watch') ? 0 : CODE_WHEN_STOPPED,
  work,
})

/** @param {import('./running.mjs').Running} running */
async function work(running) {
  try {
    const env = await prepare(running)
    const { code } = await running.run({
      name: 'flashlane',
      command: 'node',
      args: [join('apps', 'cli', 'src', 'main.ts'), ...args],
      cwd: root,
      env: { ...env, ...found() },
      output: 'inherit',
    })
    return code ?? COULD_NOT_RUN
  } catch (error) {
    complain(error)
    return COULD_NOT_RUN
  }
}

/** Where npm start has written down its address and its token, as long as it runs. */
function found() {
  const file = join(dataFolder, 'operator.json')
  const isThere = existsSync(file) && holderOf(join(dataFolder, 'running.json'))
  return isThere ? { FLASHLANE_FOUND: file } : {}
}
