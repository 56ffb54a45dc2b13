/** Buyers who look at the product after each hold of theirs, a process of its own: does each see what he did? */
import { openConnection } from './connection.ts'

export type Readers = {
  readonly url: string
  readonly buyers: number
  readonly seconds: number
}

async function run({ url, buyers, seconds }: Readers) {
  const startMs = performance.now()
  let looks = 0
  const missed: string[] = []

  async function look(): Promise<void> {
    const { post, get, close } = openConnection(url)
    while (performance.now() - startMs < seconds * 1_000) {
      const hold = await post('/api/holds', '{"product_id":1,"qty":1}')
      const product = await get('/api/products/1')
      const written = versionIn(hold.text)
      const seen = versionIn(product.text)
      looks++
      if (hold.status !== 201 || product.status !== 200) {
        missed.push(`${hold.status} ${hold.text}, ${product.status} ${product.text}`)
      } else if (seen < written) missed.push(`wrote version ${written}, saw ${seen}`)
    }
    await close()
  }

  await Promise.all(Array.from({ length: buyers }, look))
  return { looks, missed: missed.length, examples: missed.slice(0, 3) }
}

export type ReadersResult = Awaited<ReturnType<typeof run>>

const versionIn = (text: string): number =>
  Number((JSON.parse(text) as { version?: number }).version)

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as Readers
  console.log(JSON.stringify(await run(options)))
}
