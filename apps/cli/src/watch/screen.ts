/** The sale as a screen, and as a line. */
import { type Columns, plain, tableOf } from '../table.ts'
import { answerLines, type ProductLine, productLines, sumOf } from './changes.ts'
import type { Sample } from './sample.ts'

type Size = { readonly rows: number; readonly columns: number }

const NAME_LENGTH_MAX = 28
/** What stands on the screen besides products and answers: headings, blanks, the total. */
const OTHER_ROWS = 8
const ANSWER_ROWS_MAX = 8

const productColumns: Columns<ProductLine> = {
  product: ({ product }) => `${product.id} ${plain(product.name)}`.slice(0, NAME_LENGTH_MAX),
  state: ({ product }) => product.sale_state,
  available: ({ product }) => product.available_stock,
  held: ({ product }) => product.held,
  sold: ({ product }) => product.sold,
  'sold/s': ({ soldPerS }) => soldPerS,
  'batches/s': ({ batchesPerS }) => batchesPerS,
  depth: ({ lane }) => lane?.depth,
  'oldest ms': ({ lane }) => lane?.oldest_age_ms,
}

export function screenOf(now: Sample, before: Sample | null, { rows, columns }: Size): string {
  const lines = productLines(now, before)
  const answers = answerLines(now, before).slice(0, ANSWER_ROWS_MAX)
  const room = Math.max(1, rows - OTHER_ROWS - answers.length)
  const shown = lines.slice(0, room)
  const hidden = now.productsInAll - shown.length
  const parts = [
    `${clock(now)}  refunds due ${now.refundsDue}  dead letters ${now.deadLetters}  Ctrl-C ends`,
    '',
    shown.length === 0 ? 'nothing is on sale' : tableOf(shown, productColumns),
    ...(hidden > 0 ? [`... and ${hidden.toLocaleString('en')} more`] : []),
    totalOf(now, before),
    '',
    answers.length === 0
      ? 'no commands yet'
      : tableOf(answers, {
          'answers of this api': ({ name }) => name,
          '/s': ({ perS }) => perS,
          'since its start': ({ total }) => total,
        }),
  ]
  return parts
    .join('\n')
    .split('\n')
    .slice(0, rows)
    .map((line) => line.slice(0, columns))
    .join('\n')
}

/** For what is no terminal: a line a second. */
export const lineOf = (now: Sample, before: Sample | null): string =>
  `${clock(now)}  ${totalOf(now, before)}  refunds due ${now.refundsDue}  dead letters ${now.deadLetters}`

/** For a script: what the screen shows, an object a line. */
export const objectOf = (now: Sample, before: Sample | null): object => ({
  at: now.at.toISOString(),
  products: productLines(now, before).map(({ product, lane, soldPerS, batchesPerS }) => ({
    product_id: product.id,
    sale_state: product.sale_state,
    available: product.available_stock,
    held: product.held,
    sold: product.sold,
    sold_per_s: soldPerS,
    batches_per_s: batchesPerS,
    depth: lane?.depth ?? null,
    oldest_age_ms: lane?.oldest_age_ms ?? null,
  })),
  answers: answerLines(now, before).map(({ name, total, perS }) => ({ name, total, per_s: perS })),
  refunds_due: now.refundsDue,
  dead_letters: now.deadLetters,
})

function totalOf(now: Sample, before: Sample | null): string {
  const lines = productLines(now, before)
  const perS = sumOf(lines.map(({ soldPerS }) => soldPerS))
  const answered = sumOf(answerLines(now, before).map((each) => each.perS))
  const figures = {
    available: sumOf(lines.map(({ product }) => product.available_stock)) ?? 0,
    held: sumOf(lines.map(({ product }) => product.held)),
    sold: sumOf(lines.map(({ product }) => product.sold)),
    'sold/s': perS,
    depth: sumOf(now.lanes.map(({ depth }) => depth)) ?? 0,
    'answers/s': answered,
  }
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value === null ? '-' : value.toLocaleString('en')}`)
    .join('  ')
}

const clock = ({ at }: Sample): string => `${at.toISOString().slice(11, 19)}Z`
