/**
 * What a script has running, and the file that says so. The file is a lock too: one script at a time uses a folder.
 * A script that was killed leaves it behind, and the next one ends what it names.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { beginningOf, describeExit, endProcess, isAlive, launch, send } from './processes.mjs'
import { Problem, say } from './progress.mjs'

const LEFT_OVER_GRACE_MS = 20_000
const COMMAND_GRACE_MS = 60_000

/** The order of ending: who stands on something ends before it. */
export const RANK = { command: 0, api: 1, worker: 2, redis: 3, mysql: 4 }

/**
 * @typedef {{ name: string, pid: number, beginning: string | undefined, rank: number, folder: string | undefined }} Entry
 * @typedef {{ pid: number, beginning: string | undefined, entries: readonly Entry[] }} Page
 * @typedef {{ name: string, child: import('./processes.mjs').Child, rank: number, graceMs: number, folder?: string | undefined }} Addition
 * @typedef {import('./processes.mjs').Launch & { name: string }} Command
 * @typedef {ReturnType<typeof openRunning>} Running
 */

/**
 * @param {string} file
 * @returns {Page | undefined}
 */
function readPage(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // Cut off by a crash: it names nothing.
  }
}

/**
 * Who holds the file, if whoever wrote it is alive.
 * @param {string} file
 */
export function holderOf(file) {
  const page = readPage(file)
  return page && page.pid !== process.pid && isAlive(page) ? page.pid : undefined
}

/**
 * Ends what a killed script left, users of a service before the service.
 * @param {string} file
 */
export async function endLeftOvers(file) {
  const entries = [...(readPage(file)?.entries ?? [])].toSorted((a, b) => a.rank - b.rank)
  for (const entry of entries) {
    if (isAlive(entry)) say(`- ending ${entry.name}, which an earlier run left behind ...`)
    const group = entry.rank === RANK.command
    await endProcess(entry, { signal: 'SIGTERM', graceMs: LEFT_OVER_GRACE_MS, group })
    if (entry.folder) rmSync(entry.folder, { recursive: true, force: true })
  }
  rmSync(file, { force: true })
}

/**
 * True if the file is ours now.
 * @param {string} file
 */
export function claim(file) {
  mkdirSync(dirname(file), { recursive: true })
  /** @type {Page} */
  const page = { pid: process.pid, beginning: beginningOf(process.pid), entries: [] }
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, JSON.stringify(page), { mode: 0o600 })
    linkSync(draft, file) // Appears whole or not at all, and only where there is none.
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw new Problem(`${file} cannot be written: ${String(error)}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * @param {string | undefined} file Claimed already. Without one, nothing is written down.
 * @param {(problem: Problem) => void} onDeath Told of a service or app that ended by itself.
 */
export function openRunning(file, onDeath) {
  /** @type {(Addition & Entry)[]} */
  let entries = []
  /** @type {(() => void)[]} */
  const last = []
  let closing = false

  function write() {
    if (!file) return
    /** @type {Page} */
    const page = {
      pid: process.pid,
      beginning: beginningOf(process.pid),
      entries: entries.map(toEntry),
    }
    writeFileSync(`${file}.new`, JSON.stringify(page), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  /** @param {Addition & Entry} entry */
  function remove(entry) {
    entries = entries.filter((other) => other !== entry)
    if (entry.folder) rmSync(entry.folder, { recursive: true, force: true })
    write()
  }

  /** @param {Addition} addition */
  function add(addition) {
    const { pid } = addition.child
    const entry = { ...addition, folder: addition.folder, pid, beginning: beginningOf(pid) }
    entries.push(entry)
    write()
    if (closing) send(pid, 'SIGKILL', true) // Begun while everything ends: too late.
    return entry
  }

  /** @param {Addition} addition */
  function keep(addition) {
    const entry = add(addition)
    void addition.child.exited.then((exit) => {
      if (closing) return
      const tail = addition.child.tail()
      onDeath(
        new Problem(`${entry.name} ended by itself (${describeExit(exit)}).${tail && `\n${tail}`}`),
      )
    })
  }

  /**
   * Runs a command to its end.
   * @param {Command} command
   */
  async function run({ name, ...options }) {
    const child = launch(options)
    const entry = add({ name, child, rank: RANK.command, graceMs: COMMAND_GRACE_MS })
    const exit = await child.exited
    send(child.pid, 'SIGKILL', true) // What it started and left: nothing survives it.
    remove(entry)
    return { ...exit, tail: child.tail() }
  }

  async function endAll() {
    closing = true
    for (const rank of Object.values(RANK)) {
      const group = rank === RANK.command
      /** @type {NodeJS.Signals} A command gets what Ctrl-C sends: apt finishes what it must not leave half done. */
      const signal = group ? 'SIGINT' : 'SIGTERM'
      const due = entries.filter((entry) => entry.rank === rank)
      await Promise.all(
        due.map((entry) => endProcess(entry, { signal, graceMs: entry.graceMs, group })),
      )
      for (const entry of due) if (entries.includes(entry)) remove(entry)
    }
    for (const clean of last) clean()
    if (file) rmSync(file, { force: true })
  }

  /**
   * What remains to be done when everything has ended.
   * @param {() => void} clean
   */
  function atEnd(clean) {
    last.push(clean)
  }

  return { keep, run, atEnd, endAll }
}

/**
 * @param {Entry} entry
 * @returns {Entry}
 */
function toEntry({ name, pid, beginning, rank, folder }) {
  return { name, pid, beginning, rank, folder }
}
