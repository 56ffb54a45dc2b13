/** Charts as SVG, drawn without a browser. A chart whose figures were not measured is not drawn. */
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { type Way, WAYS } from '../contestants/contestant.ts'
import type { Section } from '../section.ts'

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const WIDTH = 800
const HEIGHT = 420

/** A way has the same colour in all charts. */
const COLOURS: Readonly<Record<Way, string>> = {
  noop: '#9aa0a6',
  flashlane: '#d9480f',
  'redis-lua': '#1971c2',
  'conditional-update': '#2f9e44',
  'for-update': '#e8a600',
  bullmq: '#7048e8',
}

export type ChartName = 'throughput' | 'latency' | 'growth'

export function drawCharts(sections: readonly Section[]): ReadonlyMap<ChartName, string> {
  const drawn = new Map<ChartName, string>()
  const add = (name: ChartName, option: EChartsCoreOption | null) => {
    if (option) drawn.set(name, draw(option))
  }
  add('throughput', throughput(sections.flatMap((each) => each.throughput ?? [])))
  add('latency', latency(sections.flatMap((each) => each.latency ?? [])))
  add('growth', growth(sections.flatMap((each) => each.growth ?? [])))
  return drawn
}

function draw(option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  const common = {
    animation: false,
    backgroundColor: '#ffffff',
    // A viewer's font may be wider than the one that the places were reckoned for.
    textStyle: { fontFamily: 'sans-serif' },
    legend: { bottom: 0, itemGap: 24, itemWidth: 18 },
    grid: { left: 70, right: 50, top: 50, bottom: 90 },
  }
  chart.setOption({ ...common, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]

function throughput(points: NonNullable<Section['throughput']>): EChartsCoreOption | null {
  if (points.length === 0) return null
  const crowds = unique(points.map(({ clients }) => clients)).toSorted((a, b) => a - b)
  const at = (way: string, clients: number) =>
    Math.round(points.find((p) => p.way === way && p.clients === clients)?.perSecond ?? 0) || null
  return {
    title: { text: 'Holds of one product, a second', left: 'center' },
    xAxis: { type: 'category', data: crowds.map((n) => `${n.toLocaleString('en')} clients`) },
    yAxis: { type: 'value', name: 'holds/s' },
    series: unique(points.map(({ way }) => way)).map((way) => ({
      name: WAYS[way],
      type: 'bar',
      color: COLOURS[way],
      data: crowds.map((clients) => at(way, clients)),
    })),
  }
}

const PERCENTILES = ['p50', 'p90', 'p99', 'p999'] as const

function latency(points: NonNullable<Section['latency']>): EChartsCoreOption | null {
  if (points.length === 0) return null
  const slowest = Math.min(...points.map(({ rate }) => rate))
  return {
    title: { text: 'Latency of a hold at a constant rate, in ms', left: 'center' },
    xAxis: { type: 'category', data: ['median', '90 %', '99 %', '99.9 %'] },
    yAxis: { type: 'log', name: 'ms' },
    series: points.map(({ way, rate, latencyMs }) => ({
      name: `${WAYS[way]}, ${rate.toLocaleString('en')}/s`,
      type: 'line',
      color: COLOURS[way],
      lineStyle: { type: rate === slowest ? 'solid' : 'dashed' },
      data: PERCENTILES.map((each) => Number(latencyMs[each].toFixed(2))),
    })),
  }
}

function growth(points: NonNullable<Section['growth']>): EChartsCoreOption | null {
  if (points.length === 0) return null
  return {
    title: { text: 'Holds a second, over the holds that are there already', left: 'center' },
    xAxis: { type: 'value', name: 'holds in the table', nameLocation: 'middle', nameGap: 25 },
    yAxis: { type: 'value', name: 'holds/s', min: 0 },
    series: unique(points.map(({ ids }) => ids)).map((ids) => ({
      name: `ids ${ids}`,
      type: 'line',
      data: points
        .filter((point) => point.ids === ids)
        .map(({ rows, perSecond }) => [rows, Math.round(perSecond)]),
    })),
  }
}
