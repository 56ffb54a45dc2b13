/** Writes the tables of docs/operating.md that the code knows better: the settings, and the metrics of an api. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { environment as api } from '../apps/api/src/config.ts'
import { createMetrics } from '../apps/api/src/metrics.ts'
import { environment as worker } from '../apps/worker/src/config.ts'

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

function metricsTable() {
  const metrics = createMetrics()
  const none = () => 0
  metrics.watch({
    waiting: none,
    inFlight: none,
    streams: none,
    polls: none,
    watchedProducts: none,
    canaryAgeMs: none,
  })
  const rows = metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => name.startsWith('flash_'))
    .map((metric) => {
      const { name, type, help } = metric
      const labels = 'labelNames' in metric ? /** @type {string[]} */ (metric.labelNames) : []
      return [`\`${name}\``, String(type), labels.map((label) => `\`${label}\``).join(', '), help]
    })
  return tableOf([['metric', 'type', 'labels', 'help'], ...rows])
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
