/** The audit of one product, for operators: over a connection of its own, one at a time, in small pieces. */
import { audit, type Report } from '@flashlane/audit'
import { connect, type ConnectOptions, type Database, withSnapshot } from '@flashlane/db'
import { setImmediate as pause } from 'node:timers/promises'
import { AUDIT_ENTRIES_MAX } from './openapi/audit.ts'
import { Fault } from './problem.ts'

export type AuditProduct = (productId: number) => Promise<Report>

export function createAudit({ url, tls }: Pick<ConnectOptions, 'url' | 'tls'>): {
  auditProduct: AuditProduct
  close(): Promise<void>
} {
  let database: Database | null = null

  async function auditOn(own: Database, productId: number): Promise<Report> {
    return withSnapshot(own, async (books) => {
      const afterSeq = (await books.checkpoint(productId))?.seq ?? 0
      const entries = await books.countEntries(productId, { afterSeq })
      const isUnknown = afterSeq === 0 && entries === 0 && !(await books.product(productId))
      if (isUnknown) throw new Fault('product_not_found')
      if (entries > AUDIT_ENTRIES_MAX) {
        throw new Fault('journal_too_long', 'npm run audit -- --product N takes any length', {
          extras: { entries, maximum: AUDIT_ENTRIES_MAX },
        })
      }
      return audit(books, { productId, pause })
    })
  }

  return {
    async auditProduct(productId) {
      if (database) throw new Fault('busy', 'an audit is under way in this process')
      // None of the pool's, which answers buyers.
      database = connect({ url, tls, poolSize: 1, multipleStatements: false })
      try {
        return await auditOn(database, productId)
      } finally {
        const ended = database
        database = null
        await ended.close()
      }
    },
    async close() {
      await database?.close()
    },
  }
}
