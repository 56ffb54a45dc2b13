/** What a process tells at /metrics. */
import { readFileSync } from 'node:fs'
import type { Process } from './process.ts'
import { until } from './until.ts'

export type Samples = {
  /** The sum of all samples of this name that have these labels; null where there is none. */
  valueOf(name: string, labels?: Record<string, string>): number | null
  readonly names: ReadonlySet<string>
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/

export async function scrape(url: string): Promise<Samples> {
  const answer = await fetch(`${url}/metrics`)
  if (!answer.ok) throw new Error(`/metrics is ${answer.status}`)
  return parseSamples(await answer.text())
}

export function parseSamples(text: string): Samples {
  const samples = text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? []
    return name === '' ? [] : [{ name, labels, value: Number(value) }]
  })
  return {
    names: new Set([
      ...samples.map(({ name }) => name),
      ...[...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name),
    ]),
    valueOf(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const found = samples.filter(
        (each) =>
          each.name === name && wanted.every((pair) => each.labels.split(',').includes(pair)),
      )
      return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

/** Where a worker tells of itself: its log says on which port. */
export async function statusUrl(worker: Process): Promise<string> {
  const port = await until(
    () => /"port":(\d+)[^\n]*"metrics served"/.exec(worker.output())?.[1] ?? null,
    { withinMs: 20_000, what: 'the worker serves its metrics' },
  )
  return `http://127.0.0.1:${port}`
}

/** Of deploy/grafana/flashlane.json. */
export function dashboardExpressions(): readonly string[] {
  const file = new URL('../../deploy/grafana/flashlane.json', import.meta.url)
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: readonly { targets?: readonly { expr: string }[] }[]
  }
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
}

/** The metrics of a process that an expression asks for, by the names under which they are registered. */
export const metricsOf = (expression: string): readonly string[] =>
  [...expression.matchAll(/\b(?:flash|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  )
