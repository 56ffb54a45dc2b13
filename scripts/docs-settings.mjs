/** Writes the tables of docs/operating.md that the code knows better: the settings, the metrics and the alerts. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { environment as api } from '../apps/api/src/config.ts'
import { createMetrics as createApiMetrics } from '../apps/api/src/metrics.ts'
import { addBacklogMetrics } from '../apps/worker/src/backlog-metrics.ts'
import { environment as worker } from '../apps/worker/src/config.ts'
import { createMetrics as createWorkerMetrics } from '../apps/worker/src/metrics.ts'
import { addServiceMetrics } from '../packages/telemetry/src/index.ts'

/**
 * `shown` is the default as it would stand in the environment; empty where there is none.
 *
 * @typedef {{ description?: string, default?: unknown, minimum?: number, maximum?: number, enum?: string[], shown: string }} Input
 * @typedef {{ name: string, api: Input | undefined, worker: Input | undefined }} Setting
 */

export const operatingFile = fileURLToPath(new URL('../docs/operating.md', import.meta.url))

/** @returns {readonly Setting[]} */
export function settings() {
  const [ofApi, ofWorker] = [inputsOf(api), inputsOf(worker)]
  const names = new Set([...Object.keys(ofApi), ...Object.keys(ofWorker)])
  return [...names].map((name) => ({ name, api: ofApi[name], worker: ofWorker[name] }))
}

/**
 * @param {typeof api | typeof worker} environment
 * @returns {Record<string, Input | undefined>}
 */
function inputsOf(environment) {
  const { properties } = environment.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  const inputs = /** @type {Record<string, Input>} */ (properties)
  // As text from the environment, what is no text has its default only in the schema itself.
  for (const [name, { def }] of Object.entries(environment.shape)) {
    const input = inputs[name]
    if (!input) continue
    if ('defaultValue' in def) input.default ??= def.defaultValue
    const isPlain = ['string', 'number', 'boolean'].includes(typeof input.default)
    input.shown = isPlain ? String(input.default) : ''
  }
  return inputs
}

function settingsTable() {
  const rows = settings().map(({ name, api, worker }) => {
    const { shown = '', description = '', ...input } = api ?? worker ?? {}
    const otherwise = shown === '' ? '' : `\`${shown}\``
    const [inApi, inWorker] = [api ? 'yes' : '', worker ? 'yes' : '']
    return [`\`${name}\``, otherwise, rangeOf(input), inApi, inWorker, description]
  })
  return tableOf([['setting', 'default', 'range', 'api', 'worker', 'means'], ...rows])
}

/** @param {Partial<Input>} input */
function rangeOf({ minimum, maximum, enum: words, default: otherwise }) {
  if (words) return words.map((word) => `\`${word}\``).join(', ')
  if (typeof otherwise === 'boolean') return '`true`, `false`'
  if (minimum === undefined || maximum === undefined) return ''
  return `${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`
}

/** As a process of each kind registers them. */
export function registries() {
  const none = () => 0
  const nothing = async () => []
  const api = createApiMetrics()
  api.watch({
    waiting: none,
    inFlight: none,
    streams: none,
    polls: none,
    watchedProducts: none,
    canaryAgeMs: none,
  })
  addServiceMetrics(api.registry)
  const worker = createWorkerMetrics()
  const sources = { laneBacklogs: nothing, backlogs: nothing, openLanes: none, lanesShown: 1 }
  addBacklogMetrics(worker.registry, sources)
  addServiceMetrics(worker.registry)
  return { api: api.registry, worker: worker.registry }
}

function metricsTable() {
  const { api, worker } = registries()
  const [ofApi, ofWorker] = [api, worker].map((registry) => registry.getMetricsAsArray())
  const names = new Set([...(ofApi ?? []), ...(ofWorker ?? [])].map(({ name }) => name))
  const rows = [...names].map((name) => {
    const metric = api.getSingleMetric(name) ?? worker.getSingleMetric(name)
    // Both say so of themselves; the types of prom-client know only what is set.
    const { help, type, labelNames } =
      /** @type {{ help: string, type: string, labelNames: string[] }} */ (
        /** @type {unknown} */ (metric)
      )
    const [inApi, inWorker] = [api, worker].map((each) => (each.getSingleMetric(name) ? 'yes' : ''))
    const labels = labelNames.map((label) => `\`${label}\``).join(', ')
    return [`\`${name}\``, type, labels, inApi ?? '', inWorker ?? '', help]
  })
  return tableOf([['metric', 'type', 'labels', 'api', 'worker', 'help'], ...rows])
}

/**
 * @typedef {{ alert: string, expr: string, labels: { severity: string }, annotations: { summary: string, action: string, runbook: string } }} Alert
 * @returns {readonly Alert[]}
 */
export function alerts() {
  const file = new URL('../deploy/prometheus/alerts.yml', import.meta.url)
  const { groups } = /** @type {{ groups: { rules: Alert[] }[] }} */ (
    parse(readFileSync(file, 'utf8'))
  )
  return groups.flatMap(({ rules }) => rules)
}

function alertsTable() {
  const rows = alerts().map(({ alert, labels, annotations }) => {
    const { summary, action, runbook } = annotations
    const [, anchor = ''] = runbook.split('#')
    const more = `[${anchor.replaceAll('-', ' ')}](#${anchor})`
    // What Prometheus fills in is whatever it happened to.
    const means = summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, '`$1`')
    return [`\`${alert}\``, labels.severity, means, action, more]
  })
  return tableOf([['alert', 'severity', 'means', 'do', 'more'], ...rows])
}

/** Aligned, as the formatter has tables. @param {readonly string[][]} rows */
function tableOf(rows) {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)))
  const lineOf = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  const [head = [], ...others] = rows
  return [lineOf(head), lineOf(widths.map((width) => '-'.repeat(width))), ...others.map(lineOf)]
}

/**
 * The document with the tables between their markers as they should be.
 * @param {string} markdown
 */
export function withTables(markdown) {
  let text = markdown
  for (const [name, table] of /** @type {const} */ ([
    ['settings', settingsTable()],
    ['metrics', metricsTable()],
    ['alerts', alertsTable()],
  ])) {
    const between = new RegExp(`(<!-- ${name}: .* -->\n)[^]*?(<!-- /${name} -->)`)
    if (!between.test(text))
      throw new Error(`docs/operating.md has no marker <!-- ${name}: ... -->`)
    text = text.replace(between, (_, begin, end) => `${begin}\n${table.join('\n')}\n\n${end}`)
  }
  return text
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(operatingFile, withTables(readFileSync(operatingFile, 'utf8')))
}
