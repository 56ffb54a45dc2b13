import { expect, test } from 'vitest'
import type { Section } from '../section.ts'
import { drawCharts } from './charts.ts'

const nothing: Section = {
  title: '',
  claims: [],
  ceiling: [],
  memory: [],
  faults: [],
  notes: [],
}

test('what was measured is drawn as SVG, under its name', () => {
  const throughput = [
    { way: 'flashlane', clients: 64, perSecond: 9_600 },
    { way: 'for-update', clients: 64, perSecond: 1_700 },
  ] as const

  const charts = drawCharts([{ ...nothing, throughput }])

  expect([...charts.keys()]).toEqual(['throughput'])
  expect(charts.get('throughput')).toMatch(/^<svg[\s\S]*FOR UPDATE[\s\S]*<\/svg>\n$/)
})

test('what was not measured is not drawn', () => {
  expect(drawCharts([nothing]).size).toBe(0)
})
