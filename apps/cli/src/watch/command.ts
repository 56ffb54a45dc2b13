/** flashlane watch */
import type { Command } from 'commander'
import { productId } from '../arguments.ts'
import type { Deps } from '../program.ts'

export function addWatch(program: Command, { watch }: Deps): void {
  program
    .command('watch')
    .description('shows the sale as it happens, once a second, until Ctrl-C')
    .argument('[product...]', 'only these', (text, ids: number[] | undefined) => [
      ...(ids ?? []),
      productId(text),
    ])
    .action((productIds: readonly number[]) => watch({ productIds }))
}
