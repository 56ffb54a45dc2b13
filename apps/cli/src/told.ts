/** What a command has to tell: to a person, and to a script. */
import { type Columns, tableOf } from './table.ts'

export type Told = {
  readonly text: string
  readonly json: unknown
  /** It was done, and what it found is not as it should be. */
  readonly isBad?: boolean
}

type Page<Item> = {
  readonly items: readonly Item[]
  readonly total: number
  readonly page: number
  readonly per_page: number
}

/** A page of a list, and how much more there is. */
export function tellPage<Item>(page: Page<Item>, columns: Columns<Item>): Told {
  const { items, total } = page
  if (total === 0) return { text: 'none', json: page }
  const before = (page.page - 1) * page.per_page
  const isAll = before === 0 && items.length === total
  const rest = `${before + 1} to ${before + items.length} of ${total.toLocaleString('en')}; --page N shows others`
  const table = items.length === 0 ? 'none on this page' : tableOf(items, columns)
  return { text: isAll ? table : `${table}\n\n${rest}`, json: page }
}

export const tellOne = <Item>(item: Item, columns: Columns<Item>): Told => ({
  text: tableOf([item], columns),
  json: item,
})
