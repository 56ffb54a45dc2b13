/** flashlane products ... */
import type { Product } from '@flashlane/client'
import { type Command, Option } from 'commander'
import { count, difference, instant, limit, NONE, productId } from './arguments.ts'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import type { Columns } from './table.ts'
import { tellOne, tellPage } from './told.ts'
import { UsageError } from './usage-error.ts'

const columns: Columns<Product> = {
  id: ({ id }) => String(id),
  name: ({ name }) => name,
  state: ({ sale_state: state }) => state,
  price: ({ price }) => price,
  currency: ({ currency }) => currency,
  stock: ({ stock_total: stock }) => stock,
  available: ({ available_stock: available }) => available,
  held: ({ held }) => held,
  sold: ({ sold }) => sold,
  starts: ({ sale_starts_at: at }) => at,
  ends: ({ sale_ends_at: at }) => at,
}

export function addProducts(program: Command, deps: Deps): void {
  const products = program.command('products').description('what is on sale')
  addLooking(products, deps)
  addTerms(products, deps)
  addSteering(products, deps)
}

function addLooking(products: Command, { run }: Deps): void {
  listCommand(products, 'lists products, as buyers see them')
    .option('--search <text>', 'whose name contains this')
    .option('--available', 'which have units left')
    .action(({ search, available, ...page }: ListOptions & { search?: string; available?: true }) =>
      run(async (client) => {
        const wanted = {
          ...pageOf(page),
          ...(search === undefined ? {} : { search }),
          ...(available ? { available_only: 'true' } : {}),
        }
        return tellPage(await client.listProducts(wanted), columns)
      }),
    )

  products
    .command('show')
    .description('shows a product')
    .argument('<id>', 'of the product', productId)
    .action((id: number) => run(async (client) => tellOne(await client.showProduct(id), columns)))
}

function addTerms(products: Command, { run }: Deps): void {
  function change(id: number, terms: Terms, otherwise: string): Promise<void> {
    const changes = fieldsOf(terms)
    if (Object.keys(changes).length === 0) throw new UsageError(otherwise)
    return run(async (client) => tellOne(await client.changeProduct(id, changes), columns))
  }

  withTerms(products.command('create').description('puts a product on sale, at once'))
    .requiredOption('--name <text>', 'its name')
    .requiredOption('--price <n>', 'in minor units, as cents', count)
    .requiredOption('--stock <n>', 'how many there are', count)
    .action(({ stock, ...terms }: Terms & { name: string; price: number; stock: number }) =>
      run(async (client) => {
        const { name, price } = terms
        const fields = { ...fieldsOf(terms), name, price, stock_total: stock }
        return tellOne(await client.createProduct(fields), columns)
      }),
    )

  withTerms(products.command('change').description('changes what is named; the rest stays'))
    .argument('<id>', 'of the product', productId)
    .option('--name <text>', 'its name')
    .option('--price <n>', 'in minor units, as cents', count)
    .action((id: number, terms: Terms) => change(id, terms, 'Change what? See --help.'))

  products
    .command('window')
    .description('sets when a sale opens and closes')
    .argument('<id>', 'of the product', productId)
    .option('--starts <instant>', 'ISO 8601, now, or none', instant)
    .option('--ends <instant>', 'ISO 8601, now, or none', instant)
    .action((id: number, terms: Pick<Terms, 'starts' | 'ends'>) =>
      change(id, terms, 'It takes --starts, --ends, or both.'),
    )
}

function addSteering(products: Command, { run }: Deps): void {
  products
    .command('stock')
    .description('changes how many there are; what is held or sold is never taken back')
    .argument('<id>', 'of the product', productId)
    .addOption(
      new Option('--delta <n>', 'so many more, or less: 50, -20')
        .argParser(difference)
        .conflicts('set'),
    )
    .addOption(new Option('--set <n>', 'so many in all').argParser(count))
    .action((id: number, { delta, set }: { delta?: number; set?: number }) => {
      const change = delta === undefined ? set !== undefined && { set } : { delta }
      if (!change) throw new UsageError('It takes --delta or --set.')
      return run(async (client) =>
        tellOne(await client.adjustStock(id, change), {
          stock: ({ stock_total: stock }) => stock,
          available: ({ available_stock: available }) => available,
          held: ({ held }) => held,
          sold: ({ sold }) => sold,
        }),
      )
    })

  products
    .command('pause')
    .description('refuses new holds; orders and payments pass')
    .argument('<id>', 'of the product', productId)
    .action((id: number) => run(async (client) => tellOne(await client.pauseProduct(id), columns)))

  products
    .command('resume')
    .description('undoes a pause')
    .argument('<id>', 'of the product', productId)
    .action((id: number) => run(async (client) => tellOne(await client.resumeProduct(id), columns)))
}

type Terms = {
  readonly name?: string
  readonly price?: number
  readonly currency?: string
  readonly description?: string
  readonly image?: string
  readonly starts?: string | typeof NONE
  readonly ends?: string | typeof NONE
  readonly maxPerHold?: number | typeof NONE
  readonly maxPerCustomer?: number | typeof NONE
}

const withTerms = (command: Command): Command =>
  command
    .option('--currency <code>', 'three letters')
    .option('--description <text>', 'what buyers read')
    .option('--image <url>', 'a picture')
    .option('--starts <instant>', 'of the sale: ISO 8601, now, or none', instant)
    .option('--ends <instant>', 'of the sale: ISO 8601, now, or none', instant)
    .option('--max-per-hold <n>', 'a limit, or none', limit)
    .option('--max-per-customer <n>', 'a limit, or none', limit)

const FIELDS = {
  name: 'name',
  price: 'price',
  currency: 'currency',
  description: 'description',
  image: 'image',
  starts: 'sale_starts_at',
  ends: 'sale_ends_at',
  maxPerHold: 'max_per_hold',
  maxPerCustomer: 'max_per_customer',
} as const satisfies Record<keyof Terms, string>

/** What was named, by the API's names. */
const fieldsOf = (terms: Terms): Record<string, string | number | null> =>
  Object.fromEntries(
    Object.entries(FIELDS).flatMap(([name, field]) => {
      const value = terms[name as keyof Terms]
      return value === undefined ? [] : [[field, value === NONE ? null : value]]
    }),
  )
