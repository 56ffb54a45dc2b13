/** flashlane sweep */
import type { Command } from 'commander'
import type { Deps } from './program.ts'
import { tellOne } from './told.ts'

export function addSweep(program: Command, { run }: Deps): void {
  program
    .command('sweep')
    // What other systems call it.
    .aliases(['holds:sweep', 'orders:expire-holds'])
    .description('expires what is overdue, now; the workers do so each second by themselves')
    .action(() =>
      run(async (client) => {
        const swept = await client.sweep()
        const told = tellOne(swept, { overdue: (each) => each.overdue, left: (each) => each.left })
        return { ...told, isBad: swept.left > 0 }
      }),
    )
}
