/** Where the watched sale is shown: drawn anew on a terminal, a line each elsewhere. */
import { clearScreenDown, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Sample } from './sample.ts'
import { lineOf, objectOf, screenOf } from './screen.ts'

export type Display = {
  show(now: Sample, before: Sample | null): void
  showTrouble(reason: string): void
}

const SIZE = { rows: 24, columns: 80 }

export function createDisplay(stdout: WriteStream, { isJson }: { isJson: boolean }): Display {
  const say = (line: string) => void stdout.write(`${line}\n`)
  if (isJson) {
    return {
      show: (now, before) => say(JSON.stringify(objectOf(now, before))),
      showTrouble: (reason) => say(JSON.stringify({ trouble: reason })),
    }
  }
  if (!stdout.isTTY) {
    return { show: (now, before) => say(lineOf(now, before)), showTrouble: say }
  }
  const draw = (text: string) => {
    cursorTo(stdout, 0, 0)
    clearScreenDown(stdout)
    say(text)
  }
  return {
    show(now, before) {
      // Asked each time: npm's shell keeps news of a new size to itself.
      const [columns, rows] = stdout.getWindowSize()
      draw(
        screenOf(now, before, { columns: columns || SIZE.columns, rows: (rows || SIZE.rows) - 1 }),
      )
    },
    showTrouble: (reason) => draw(`${new Date().toISOString().slice(11, 19)}Z  ${reason}`),
  }
}
