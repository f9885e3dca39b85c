// Slot 3: the first rule that holds, of the workspace's routing.yaml and then of the global one.
import { factsOf } from '../policy/facts.ts'
import type { Slot } from '../slot.ts'

const none = { model: null, reason: 'there are no rules' } as const

export const rule: Slot = {
  policy: 'rule',
  propose(request, tables) {
    const { rules, asksSpend } = tables.policies.policyFor(request.principal.workspace)
    if (rules.length === 0) return none
    const facts = factsOf(request, tables.nowUs(), asksSpend ? tables.spend() : null)
    const first = rules.find(({ test }) => test(facts))
    return first === undefined
      ? { model: null, reason: `none of ${rules.length} rules holds` }
      : { model: first.model, reason: `the rule "${first.name}" holds`, ruleName: first.name }
  },
}
