/** Changes a text in one place, or not at all. */
import type { Edit } from './mutations.ts'

/** Throws where the place is not there, or is not the only one: then the mutation means something else by now. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find)
  if (parts.length === 2) return parts.join(replace)
  const times = parts.length === 1 ? 'not there' : `there ${parts.length - 1} times`
  throw new Error(`${file}: what is to be changed is ${times}: ${JSON.stringify(find)}`)
}
