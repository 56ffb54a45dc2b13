/** What every product of a bench costs. */
export const PRICE = 4_900
export const CURRENCY = 'USD'
