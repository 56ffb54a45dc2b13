/** What operators changed, and what came of it. */
import type { Database } from './connect.ts'
import type { OperatorActionRow } from './schema.ts'

export type NewAction = {
  /** Ordered by time. */
  readonly actionId: string
  readonly begunAtMs: number
  readonly operator: string
  readonly action: string
  readonly target: string | null
  readonly requestId: string
}

export type ActionEnd = {
  readonly endedAtMs: number
  readonly outcome: string
  readonly target: string | null
  readonly commandId: string | null
}

export type OperatorAction = NewAction & {
  readonly endedAtMs: number | null
  /** Null where its end was not written down: nobody knows. */
  readonly outcome: string | null
  readonly commandId: string | null
}

export async function beginAction({ db }: Database, action: NewAction): Promise<void> {
  await db
    .insertInto('operator_actions')
    .values({
      action_id: action.actionId,
      begun_at_ms: action.begunAtMs,
      operator: action.operator,
      action: action.action,
      target: action.target,
      request_id: action.requestId,
    })
    .execute()
}

export async function endAction(
  { db }: Database,
  actionId: string,
  { endedAtMs, outcome, target, commandId }: ActionEnd,
): Promise<void> {
  await db
    .updateTable('operator_actions')
    .set({ ended_at_ms: endedAtMs, outcome, target, command_id: commandId })
    .where('action_id', '=', actionId)
    .execute()
}

type Filter = { readonly offset: number; readonly limit: number; readonly operator?: string }

/** Newest first. */
export async function listActions(
  { db }: Database,
  { offset, limit, operator }: Filter,
): Promise<{ readonly items: readonly OperatorAction[]; readonly total: number }> {
  const actions = db
    .selectFrom('operator_actions')
    .$if(operator !== undefined, (query) => query.where('operator', '=', operator ?? ''))
  const rows = await actions
    .selectAll()
    .orderBy('begun_at_ms', 'desc')
    .orderBy('action_id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await actions
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map(actionOf), total }
}

const actionOf = (row: OperatorActionRow): OperatorAction => ({
  actionId: row.action_id,
  begunAtMs: row.begun_at_ms,
  endedAtMs: row.ended_at_ms,
  operator: row.operator,
  action: row.action,
  target: row.target,
  requestId: row.request_id,
  outcome: row.outcome,
  commandId: row.command_id,
})
