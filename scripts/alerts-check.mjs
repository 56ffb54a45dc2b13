/** Holds the alerts, their tests, Prometheus's settings and the dashboard's expressions against Prometheus's own tool. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { findBinary } from './binaries.mjs'
import { ours } from './places.mjs'
import { complain, Problem, say } from './progress.mjs'

const rules = 'deploy/prometheus/alerts.yml'

try {
  const promtool = findBinary(['promtool']) ?? unpackPromtool()
  run(promtool, ['check', 'rules', rules])
  run(promtool, ['test', 'rules', 'deploy/prometheus/alerts.test.yml'])
  run(promtool, ['check', 'config', 'deploy/prometheus/prometheus.yml'])
  checkDashboard(promtool)
} catch (error) {
  complain(error)
  process.exitCode = 1
}

/**
 * Each expression as a rule: that is what promtool can parse.
 * @param {string} promtool
 */
function checkDashboard(promtool) {
  const text = readFileSync('deploy/grafana/flashlane.json', 'utf8')
  const { panels } = /** @type {{ panels: { targets?: { expr: string }[] }[] }} */ (
    JSON.parse(text)
  )
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  try {
    const file = join(folder, 'rules.yml')
    const rules = expressions.map((expr, n) => ({
      record: `dashboard:${n}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    }))
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
    run(promtool, ['check', 'rules', file])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Out of Debian's package, which would bring a service and 300 MB of a web page with it. */
function unpackPromtool() {
  const folder = join(ours, 'promtool')
  const found = join(folder, 'usr', 'bin', 'promtool')
  if (spawnSync(found, ['--version']).status === 0) return found
  say('- promtool is not on this machine: unpacking it from the package prometheus')
  mkdirSync(folder, { recursive: true })
  const isThere = spawnSync('apt-get', ['download', '-q', 'prometheus'], { cwd: folder })
  const [archive] = readdirSync(folder).filter((name) => name.endsWith('.deb'))
  if (isThere.status !== 0 || !archive)
    throw new Problem(
      'promtool is not here, and apt cannot bring it. It is part of Prometheus: https://prometheus.io/download/',
    )
  spawnSync('dpkg-deb', ['-x', archive, '.'], { cwd: folder })
  rmSync(join(folder, archive))
  return found
}

/**
 * @param {string} promtool
 * @param {readonly string[]} args
 */
function run(promtool, args) {
  const { status } = spawnSync(promtool, args, { stdio: 'inherit' })
  if (status !== 0) throw new Problem(`promtool ${args.join(' ')} found something wrong.`)
}
