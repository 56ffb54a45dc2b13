/** The queue of a product, one for each, as both processes of this peer name it. */
export const queueOf = (productId: number): string => `bench-p${productId}`
