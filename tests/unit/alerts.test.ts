import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alerts, operatingFile, registries } from '../../scripts/docs-settings.mjs'
import { dashboardExpressions, metricsOf } from '../support/metrics.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('every metric that the alerts and the dashboard ask for is one that api or worker register', () => {
  const { api, worker } = registries()
  const known = new Set(
    [api, worker].flatMap((registry) => registry.getMetricsAsArray().map(({ name }) => name)),
  )

  const asked = [...alerts().map(({ expr }) => expr), ...dashboardExpressions()]
    .flatMap(metricsOf)
    .filter((name) => name.startsWith('flash_'))

  expect(asked.length).toBeGreaterThan(50)
  expect(asked.filter((name) => !known.has(name))).toEqual([])
})

test('every alert has a history in which it fires', () => {
  const histories = read('deploy/prometheus/alerts.test.yml')

  expect(alerts().filter(({ alert }) => !histories.includes(`alertname="${alert}"`))).toEqual([])
})

test('every alert leads to a chapter of docs/operating.md', () => {
  const markdown = readFileSync(operatingFile, 'utf8')
  const anchors = [...markdown.matchAll(/^##+ (.+)$/gm)].map(
    ([, title = '']) => `docs/operating.md#${title.toLowerCase().replaceAll(' ', '-')}`,
  )

  expect(alerts().filter(({ annotations }) => !anchors.includes(annotations.runbook))).toEqual([])
})
