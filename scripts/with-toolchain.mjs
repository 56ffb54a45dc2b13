/** Runs a command with the pinned Node and pnpm and the dependencies in place: node scripts/with-toolchain.mjs pnpm verify */
import { Problem } from './progress.mjs'
import { root } from './places.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

const CODE_WHEN_STOPPED = 130

await supervise({
  codeWhenStopped: CODE_WHEN_STOPPED,
  work: async (running) => {
    const [command, ...args] = process.argv.slice(2)
    if (!command) throw new Problem('with-toolchain takes a command.')
    const env = await prepare(running)
    const { code } = await running.run({
      name: command,
      command,
      args,
      cwd: root,
      env,
      output: 'inherit',
    })
    return code ?? 1
  },
})
