/** What every list takes. */
import type { Command } from 'commander'
import { positive } from './arguments.ts'

export const listCommand = (noun: Command, summary: string): Command =>
  noun
    .command('list')
    .description(summary)
    .option('--page <n>', 'which page', positive)
    .option('--per-page <n>', 'how many on a page, up to 100', positive)

export type ListOptions = { readonly page?: number; readonly perPage?: number }

export const pageOf = ({ page, perPage }: ListOptions) => ({
  ...(page === undefined ? {} : { page }),
  ...(perPage === undefined ? {} : { per_page: perPage }),
})
