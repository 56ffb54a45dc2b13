/** Writes a report to faults/results: a whole one as latest, which is committed; any other as partial, which is not. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report } from './report.ts'
import { toMarkdown } from './summary.ts'

const results = fileURLToPath(new URL('../../results', import.meta.url))

/** Tells the folder. */
export function writeReport(report: Report, { isWhole }: { isWhole: boolean }): string {
  const folder = isWhole ? results : `${results}/partial`
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/latest.md`, toMarkdown(report))
  writeFileSync(`${folder}/latest.json`, `${JSON.stringify(report, null, 2)}\n`)
  return folder
}
