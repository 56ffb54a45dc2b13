/** C9: after every fault all went on within its budget. */
import { NOWHERE } from '@flashlane/audit'
import type { Recovery } from './recovery.ts'
import type { RunFindings } from './run.ts'

export function checkLiveness(
  findings: RunFindings,
  recoveries: readonly Recovery[],
  patience: number,
): void {
  for (const { fault, tookMs, budgetMs } of recoveries) {
    findings.look('C9', 'recoveries')
    const mayTakeMs = budgetMs * patience
    if (tookMs === null) {
      findings.blame('C9', NOWHERE, `after ${fault} it never went on`)
    } else if (tookMs > mayTakeMs) {
      const took = `${Math.round(tookMs)} ms until all went on, and may take ${mayTakeMs} ms`
      findings.blame('C9', NOWHERE, `after ${fault} it took ${took}`)
    }
  }
}
