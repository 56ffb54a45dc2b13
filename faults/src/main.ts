/** `node faults/src/main.ts [row ...]`: plays rows of the fault matrix, all of them without a number. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMysqls } from './mysqls.ts'
import { rows } from './rows/all.ts'
import { runRow } from './run-row.ts'

const folder = mkdtempSync(join(tmpdir(), 'faults-'))
const mysqls = createMysqls({ folder, url: process.env['MYSQL_URL'] })
const only = process.argv.slice(2).map(Number)
const asked = rows.filter(({ id }) => only.length === 0 || only.includes(id))
const seed = Math.floor(Math.random() * 2 ** 32)
for (const row of asked) {
  console.log(`- ${row.id}. ${row.title} (seed ${seed})`)
  const say = (line: string) => console.log(`  ${line}`)
  const { problems } = await runRow(row, { seed, patience: 1, folder, mysqls, say })
  for (const problem of problems) console.log(`  WRONG: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
await mysqls.close()
rmSync(folder, { recursive: true, force: true })
