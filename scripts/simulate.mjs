/** npm run simulate: sales in virtual time, with faults, over the product's own code. Needs no service. */
import { join } from 'node:path'
import { root } from './places.mjs'
import { complain, say } from './progress.mjs'
import { parseSimulateOptions, simulateHelp } from './simulate-options.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

/** 0 and 1 are the simulation's own: every promise kept, and violations. */
const COULD_NOT_RUN = 2
const CODE_WHEN_STOPPED = 130

const options = readOptions()
await supervise({ codeWhenStopped: CODE_WHEN_STOPPED, work })

function readOptions() {
  try {
    const parsed = parseSimulateOptions(process.argv.slice(2))
    if (!parsed.help) return parsed
    say(simulateHelp)
    return process.exit(0)
  } catch (error) {
    complain(error)
    return process.exit(COULD_NOT_RUN)
  }
}

/** @param {import('./running.mjs').Running} running */
async function work(running) {
  try {
    const env = await prepare(running)
    const { code } = await running.run({
      name: 'simulation',
      command: 'node',
      args: [join('simulation', 'src', 'command.ts'), ...options.forCommand],
      cwd: root,
      env,
      output: 'inherit',
    })
    return code ?? COULD_NOT_RUN
  } catch (error) {
    complain(error)
    return COULD_NOT_RUN
  }
}
