/** Where and how it was measured, a line each. */
import { poolsInWords } from '../contestants/pools.ts'
import type { Report } from './report.ts'

export function settingLines({ at, tookS, plan, logLevel, machine, stolen }: Report): string[] {
  const list = (facts: Readonly<Record<string, string>>) =>
    Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
  return [
    `Measured: ${at}, commit ${machine.commit}, in ${Math.round(tookS / 60)} min`,
    `Rounds: ${plan.rounds} in turn, ${plan.seconds} s each after ${plan.warmSeconds} s of warming up; ${plan.longRounds} of P11, P12 and P8's lane; medians`,
    `Machine: ${machine.processors}, ${machine.memoryGb} GB, ${machine.system}; load before ${machine.loadBefore.toFixed(2)}, stolen ${(stolen * 100).toFixed(1)} %`,
    `Versions: ${list(machine.versions)}`,
    `MySQL: ${list(machine.mysql)}`,
    `Redis: ${list(machine.redis)}`,
    `Flashlane: one api, one worker, LOG_LEVEL=${logLevel}, HOLD_TTL_S=3600 and PAYMENT_DUE_S=3600, all else as it comes`,
    `Peers' connections to MySQL: ${poolsInWords()}`,
  ]
}
