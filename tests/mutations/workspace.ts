/** A copy of the sources that may be broken: what was installed is linked, never copied. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { edited } from './edit.ts'
import type { Edit } from './mutations.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Of no use to a test, and perhaps large. */
const LEFT_OUT = new Set(['.git', '.flashlane', '.bin', '.vite', '.vitest', 'results'])

export function copyWorkspace(folder: string): void {
  const isKept = (path: string) => !LEFT_OUT.has(basename(path))
  for (const name of readdirSync(root)) {
    if (name === 'node_modules' || !isKept(name)) continue
    // A package's links into the workspace then lead into the copy.
    const how = { recursive: true, verbatimSymlinks: true, filter: isKept }
    cpSync(join(root, name), join(folder, name), how)
  }
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (isKept(name)) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
  }
}

/** Breaks the copy, and returns how to mend it. */
export function mutate(folder: string, edits: readonly Edit[]): () => void {
  const files = [...new Set(edits.map(({ file }) => file))]
  const originals = files.map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const)
  for (const edit of edits) {
    const file = join(folder, edit.file)
    writeFileSync(file, edited(readFileSync(file, 'utf8'), edit))
  }
  return () => {
    for (const [file, text] of originals) writeFileSync(join(folder, file), text)
  }
}
