/** The databases that rows are played on: one that is only used, and one that may be killed, started when a row asks. */
import { join } from 'node:path'
import { type MysqlNeeds, type MysqlServer, openMysql } from './stage/servers.ts'

export type Mysqls = {
  /** The server that was given; without one, our own. */
  shared(): Promise<string>
  /** One that may be killed; with needs of its own, a new one. */
  own(needs?: MysqlNeeds): Promise<MysqlServer>
  close(): Promise<void>
}

export function createMysqls({ folder, url }: { folder: string; url: string | undefined }): Mysqls {
  const started = new Map<string, Promise<MysqlServer>>()
  const mysqls: Mysqls = {
    shared: async () => url ?? (await mysqls.own()).url,
    async own(needs = {}) {
      const name = JSON.stringify(needs)
      const place = join(folder, `own-${started.size}`)
      const starting = started.get(name) ?? openMysql(place, needs)
      started.set(name, starting)
      return starting
    },
    async close() {
      await Promise.all(Array.from(started.values(), async (each) => (await each).stop()))
    },
  }
  return mysqls
}
