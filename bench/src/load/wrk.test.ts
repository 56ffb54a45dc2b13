import { expect, test } from 'vitest'
import { readCounts } from './wrk.ts'

const output = `Running 2s test @ http://127.0.0.1:3000/api/holds
  2 threads and 256 connections
counts={"answers":1000,"refused":10,"broken":1,"timeouts":2,"micros":2000000,"p50":1500,"p90":2000,"p99":9000,"p999":12000,"statuses":{"201":990,"503":10}}
`

test("wrk's counts are read from among its own words", () => {
  expect(readCounts(output)).toEqual({
    granted: 990,
    refused: 10,
    lost: 3,
    statuses: { '201': 990, '503': 10 },
    perSecond: 500,
    grantedPerSecond: 495,
    latencyMs: { p50: 1.5, p90: 2, p99: 9, p999: 12 },
  })
})

test('a wrk that told nothing is a fault, not a zero', () => {
  expect(() => readCounts('unable to connect')).toThrow('unable to connect')
})
