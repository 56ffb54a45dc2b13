/** The databases that rows are played on: one that is only used, and one that may be killed, started when a row asks. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openMysql, type Server } from './stage/servers.ts'

export type Mysqls = {
  /** The server that was given; without one, our own. */
  shared(): Promise<string>
  own(): Promise<{ readonly mysqlUrl: string; readonly mysql: Server }>
  close(): Promise<void>
}

export function createMysqls({ folder, url }: { folder: string; url: string | undefined }): Mysqls {
  let started: Promise<Server> | null = null
  const mysqls: Mysqls = {
    shared: async () => url ?? (await mysqls.own()).mysqlUrl,
    async own() {
      const place = join(folder, 'own')
      mkdirSync(place, { recursive: true })
      started ??= openMysql(place)
      const mysql = await started
      return { mysqlUrl: mysql.url, mysql }
    },
    async close() {
      await (await started)?.stop()
    },
  }
  return mysqls
}
