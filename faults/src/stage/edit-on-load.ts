/** Loaded into a process before everything else, with `node --import`. */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Edit, EDITS_VARIABLE } from './edits.ts'

const root = new URL('../../../', import.meta.url).href
const edits = JSON.parse(process.env[EDITS_VARIABLE] ?? '[]') as readonly Edit[]

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const own = edits.filter(({ file }) => url === root + file)
    if (own.length === 0) return loaded
    return { ...loaded, source: own.reduce(editText, asText(loaded.source)) }
  },
})

function editText(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find)
  if (parts.length === 2) return parts.join(replace)
  throw new Error(`${fileURLToPath(root + file)} has ${parts.length - 1} times: ${find}`)
}

const asText = (source: string | ArrayBuffer | NodeJS.TypedArray | undefined): string =>
  typeof source === 'string' ? source : Buffer.from((source ?? '') as Uint8Array).toString('utf8')
