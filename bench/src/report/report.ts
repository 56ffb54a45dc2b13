/** All that a bench found, judged: what is printed, written and drawn. */
import { type Judged, judge, NOISE_MAX } from '../claim.ts'
import type { Machine } from '../machine.ts'
import type { Plan } from '../plan.ts'
import type { Section } from '../section.ts'
import { spread } from '../statistics.ts'

export type JudgedSection = Omit<Section, 'claims'> & {
  readonly claims: readonly Judged[]
  /** The spread of the ceiling over the rounds; null where there was one round, or no ceiling. */
  readonly noise: number | null
}

export type Report = {
  readonly at: string
  readonly tookS: number
  readonly plan: Plan
  readonly logLevel: string
  readonly machine: Machine
  /** Share of the machine's time that its host gave to others meanwhile. */
  readonly stolen: number
  readonly sections: readonly JudgedSection[]
}

export function judgeSection(section: Section): JudgedSection {
  const noise = spread(section.ceiling)
  const { faults } = section
  return { ...section, noise, claims: section.claims.map((each) => judge(each, { noise, faults })) }
}

export const hasFaults = ({ sections }: Report): boolean =>
  sections.some(({ faults }) => faults.length > 0)

/** Whether the machine let itself be measured, in a sentence each. */
export function remarks({ plan, sections, stolen }: Report): string[] {
  const noisy = sections.filter(({ noise }) => noise !== null && noise > NOISE_MAX)
  return [
    ...(plan.quick ? ['Measured with --quick: it shows that everything works, not how fast.'] : []),
    ...(plan.rounds === 1 ? ['One round: it says nothing about its own spread.'] : []),
    ...noisy.map(
      ({ title, noise }) =>
        `${title}: the middle half of the ceiling's own rounds lay ${percent(noise ?? 0)} apart. ` +
        'The machine was too noisy to judge what its rounds lie on both sides of.',
    ),
    ...(stolen > STOLEN_MAX
      ? [`The host gave ${percent(stolen)} of the machine's time to others.`]
      : []),
  ]
}

const STOLEN_MAX = 0.02

export const percent = (share: number): string => `${Math.round(share * 100)} %`
