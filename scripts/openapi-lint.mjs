/** Lints the OpenAPI document that the api would serve, by the rules of redocly.yaml. Asks nothing of the network. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'openapi-'))
try {
  const file = join(folder, 'openapi.json')
  const printed = run(process.execPath, ['apps/api/src/openapi/print.ts'], 'pipe')
  writeFileSync(file, printed.stdout)
  if (printed.status === 0) {
    process.exitCode =
      run('redocly', ['lint', file, '--config', 'redocly.yaml'], 'inherit').status ?? 1
  } else process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {'pipe' | 'inherit'} stdout
 */
function run(program, args, stdout) {
  return spawnSync(program, args, {
    stdio: ['ignore', stdout, 'inherit'],
    env: {
      ...process.env,
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
    },
  })
}
