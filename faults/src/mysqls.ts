/** The databases that rows are played on: one that is only used, and one that may be killed, started when a row asks. */
import { join } from 'node:path'
import { openMysql, type Server } from './stage/servers.ts'

export type Mysqls = {
  /** The server that was given; without one, our own. */
  shared(): Promise<string>
  /** One that may be killed; with settings of its own, a new one. */
  own(settings?: readonly string[]): Promise<{ readonly mysqlUrl: string; readonly mysql: Server }>
  close(): Promise<void>
}

export function createMysqls({ folder, url }: { folder: string; url: string | undefined }): Mysqls {
  const started = new Map<string, Promise<Server>>()
  const mysqls: Mysqls = {
    shared: async () => url ?? (await mysqls.own()).mysqlUrl,
    async own(settings = []) {
      const name = settings.join(' ')
      const place = join(folder, `own-${started.size}`)
      const starting = started.get(name) ?? openMysql(place, { settings })
      started.set(name, starting)
      const mysql = await starting
      return { mysqlUrl: mysql.url, mysql }
    },
    async close() {
      await Promise.all(Array.from(started.values(), async (each) => (await each).stop()))
    },
  }
  return mysqls
}
