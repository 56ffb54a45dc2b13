/** flashlane audit */
import type { Client } from '@flashlane/client'
import type { Command } from 'commander'
import { productId } from './arguments.ts'
import type { Deps } from './program.ts'
import { plain, tableOf } from './table.ts'
import type { Told } from './told.ts'

const PER_PAGE = 100

export function addAudit(program: Command, { run }: Deps): void {
  program
    .command('audit')
    .description(
      'checks the books, product by product; npm run audit checks long ones, and what belongs to no product',
    )
    .argument('[product]', 'one only', productId)
    .action((only: number | undefined) =>
      run(async (client) => {
        const reports = []
        for await (const id of only === undefined ? idsOf(client) : [only]) {
          reports.push({ product_id: id, ...(await client.auditProduct({ product_id: id })) })
        }
        return tell(reports)
      }),
    )
}

async function* idsOf(client: Client): AsyncGenerator<number> {
  for (let page = 1; ; page++) {
    const { items, total } = await client.listProducts({ page, per_page: PER_PAGE })
    for (const { id } of items) yield id
    if (page * PER_PAGE >= total) return
  }
}

type Report = Awaited<ReturnType<Client['auditProduct']>> & { readonly product_id: number }

function tell(reports: readonly Report[]): Told {
  const isBad = reports.some(({ ok }) => !ok)
  const table = tableOf(reports, {
    product: (each) => String(each.product_id),
    books: ({ ok }) => (ok ? 'right' : 'WRONG'),
    violations: ({ checkers }) => checkers.reduce((sum, { violations }) => sum + violations, 0),
  })
  const sentences = reports.flatMap(({ violations, product_id: id }) =>
    violations.map(({ checker, seq, sentence }) => {
      const place = seq === null ? '' : `, entry ${seq}`
      return `${checker}: product ${id}${place}: ${plain(sentence)}`
    }),
  )
  const text = reports.length === 0 ? 'no products' : [table, ...sentences].join('\n')
  return { text, json: reports, isBad }
}
