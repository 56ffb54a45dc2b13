/** Writes a report to bench/results: a whole one as latest, which is committed; any other as partial, which is not. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { drawCharts } from './charts.ts'
import { toMarkdown } from './markdown.ts'
import type { Report } from './report.ts'

const results = fileURLToPath(new URL('../../results', import.meta.url))

/** Tells the folder and the name. */
export function writeReport(report: Report, { isWhole }: { isWhole: boolean }): string {
  const folder = isWhole ? results : `${results}/partial`
  mkdirSync(folder, { recursive: true })
  const charts = drawCharts(report.sections)
  for (const [name, svg] of charts) writeFileSync(`${folder}/${name}.svg`, svg)
  const up = isWhole ? '../' : '../../'
  const markdown = toMarkdown(report, [...charts.keys()]).replace('(../README', `(${up}README`)
  writeFileSync(`${folder}/latest.md`, markdown)
  writeFileSync(`${folder}/latest.json`, `${JSON.stringify(report, null, 2)}\n`)
  return folder
}
