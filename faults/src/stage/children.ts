/** Everything started here ends with this process, however that ends: what is still there at its exit is killed, by its id. */
import { beginningOf, isAlive, send } from '../../../scripts/processes.mjs'

const children: { pid: number; beginning: string | undefined }[] = []

export function endAtExit(pid: number): void {
  if (children.length === 0) {
    process.once('exit', () => {
      // Ids are used again: only whoever began when ours did is ours.
      for (const child of children) if (isAlive(child)) send(child.pid, 'SIGKILL', false)
    })
  }
  children.push({ pid, beginning: beginningOf(pid) })
}
