import { expect, test } from 'vitest'
import { emptyState } from '../state.ts'
import { createDraft, ownerOf, refundOf } from './draft.ts'

test('whose a payment reference is comes with the decision, whatever the reference is called', () => {
  for (const reference of ['pi_1', '__proto__', 'constructor']) {
    const state = emptyState()
    state.referenceOwners.set(reference, { orderId: 'ord_8_x', status: 'named' })
    state.refundedReferences.set(reference, 'rfd_8_x_0')
    const draft = createDraft(state, 7, 1)

    ownerOf(draft, reference)
    refundOf(draft, reference)

    const { owners, refunds } = JSON.parse(JSON.stringify(draft.given))
    expect(Object.entries(owners)).toEqual([[reference, { orderId: 'ord_8_x', status: 'named' }]])
    expect(Object.entries(refunds)).toEqual([[reference, 'rfd_8_x_0']])
  }
})
