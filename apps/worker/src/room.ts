/** What must be known before commands are decided, beyond what they name: what their customers have, and what is due where there is no room. */
import {
  available,
  type Command,
  customersAskedFor,
  demand,
  type Product,
  type State,
} from '@flashlane/core'
import type { Open } from '@flashlane/db'

/** What customers have is read where a product's own row tells that it is needed: all of it in one packet. */
export async function loadCustomers(
  open: Open,
  state: State,
  commands: readonly Command[],
): Promise<void> {
  const byProduct = Map.groupBy(commands, ({ productId }) => productId)
  const asked = [...state.products.values()].flatMap((product) => {
    const customerRefs = [...customersAskedFor(byProduct.get(product.productId) ?? [], product)]
    return customerRefs.length > 0 ? [{ productId: product.productId, customerRefs }] : []
  })
  if (asked.length > 0) await open.loadCustomers(state, asked)
}

/** The products of which commands may ask for more than is free. */
export const crowded = (state: State, commands: readonly Command[]): Product[] =>
  [...Map.groupBy(commands, ({ productId }) => productId)].flatMap(([productId, own]) => {
    const product = state.products.get(productId)
    return product && demand(own, product, state) > available(product) ? [product] : []
  })

/** Of those, what is due must be known before they are decided. */
export async function makeRoom(
  open: Open,
  state: State,
  commands: readonly Command[],
): Promise<void> {
  for (const { productId } of crowded(state, commands)) {
    const own = commands.filter((command) => command.productId === productId)
    const acceptedAtMs = Math.max(...own.map((command) => command.acceptedAtMs))
    await open.loadDue(state, productId, acceptedAtMs)
  }
}
