/** Tables as a terminal shows them. */
import Table from 'cli-table3'

type Cell = string | number | boolean | null | undefined
export type Columns<Item> = Readonly<Record<string, (item: Item) => Cell>>

/** Columns stand apart by blanks alone: what is shown can be taken apart by the usual tools. */
const CHARS = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
    .split(' ')
    .map((name) => [name, '']),
)

export function tableOf<Item>(items: readonly Item[], columns: Columns<Item>): string {
  const names = Object.keys(columns)
  const areNumbers = names.map((name) =>
    items.some((item) => typeof columns[name]?.(item) === 'number'),
  )
  const table = new Table({
    head: names,
    colAligns: areNumbers.map((isNumber) => (isNumber ? 'right' : 'left')),
    chars: { ...CHARS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...items.map((item) => names.map((name) => shown(columns[name]?.(item)))))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function shown(cell: Cell): string {
  if (cell === null || cell === undefined) return '-'
  if (typeof cell === 'number') return cell.toLocaleString('en')
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : plain(cell)
}

/** Names and references come from anybody: nothing in them may steer the operator's terminal. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
