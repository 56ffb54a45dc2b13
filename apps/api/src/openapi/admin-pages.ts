/** What operators' lists have in common. */
import { z } from 'zod'
import { SERVICE_PROBLEMS } from './problems.ts'

export const listProblems = ['validation', ...SERVICE_PROBLEMS] as const

export const paged = (item: z.ZodType, id: string) =>
  z
    .object({
      items: z.array(item),
      total: z.int().nonnegative(),
      page: z.int().positive(),
      per_page: z.int().positive(),
    })
    .meta({ id })

export const pageOf = (item: object) => ({ items: [item], total: 1, page: 1, per_page: 20 })
