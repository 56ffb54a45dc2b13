import { createMysqls, type Mysqls } from '@flashlane/faults/mysqls.ts'
import { rows } from '@flashlane/faults/rows/all.ts'
import { runRow } from '@flashlane/faults/run-row.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What takes about a minute in all; `npm run faults` plays the whole matrix. */
const SELECTION = [9, 12, 13]
const SEED = 1
/** The other tests run beside it. */
const PATIENCE = 3

let folder: string
let mysqls: Mysqls

beforeAll(() => {
  folder = mkdtempSync(join(process.env['FLASHLANE_TEST_FOLDER'] ?? tmpdir(), 'faults-'))
  mysqls = createMysqls({ folder, url: process.env['MYSQL_URL'] })
})
afterAll(async () => {
  await mysqls.close()
  rmSync(folder, { recursive: true, force: true })
})

test.for(rows.filter(({ id }) => SELECTION.includes(Number(id))))(
  'row $id: $title, and every promise holds',
  async (row) => {
    const said: string[] = []
    const say = (line: string) => void said.push(line)

    const { problems } = await runRow(row, { seed: SEED, patience: PATIENCE, folder, mysqls, say })

    expect({ problems, said }).toEqual({ problems: [], said })
  },
)
