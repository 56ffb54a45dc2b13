/** A small disk in memory, which can be filled without harm to anybody else. Mounting it takes root. */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const MEGABYTE = Buffer.alloc(2 ** 20)

export type Disk = {
  /** Takes all that is free; returns what gives it back. */
  fill(): () => void
  unmount(): void
}

export function mountDisk(folder: string, megabytes: number): Disk {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  const unmount = () => void spawnSync('umount', ['-l', folder])
  process.once('exit', unmount)
  return {
    fill() {
      const file = join(folder, 'filler')
      const descriptor = openSync(file, 'w')
      try {
        // Short of a megabyte, a write takes what there is.
        while (writeSync(descriptor, MEGABYTE) > 0);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      } finally {
        closeSync(descriptor)
      }
      return () => rmSync(file)
    },
    unmount() {
      process.off('exit', unmount)
      unmount()
    },
  }
}
