// `/analytics/routing`: which slot decided, which candidates were turned down and why, and which models won.
import * as z from 'zod'
import { chainEntry } from '../store/events.ts'
import { defineEndpoint } from './endpoint.ts'
import { prunedField, readPrunedBefore } from './pruned.ts'
import { readFacts } from './read-facts.ts'

const policies = chainEntry.shape.policy.options

export const routing = defineEndpoint({
  path: '/analytics/routing',
  summary: 'Which routing slot decided, what was rejected, and which models won',
  fields: {},
  data: z.object({
    decisions: z.int(),
    /** All of them, in order of precedence. */
    wins_by_policy: z.array(z.object({ policy: chainEntry.shape.policy, wins: z.int() })),
    /** Nothing could be chosen. */
    hard_failures: z.int(),
    /** Chosen, and then refused by a limit of the key, user or team. */
    refused_after_choice: z.int(),
    rejections: z.array(z.object({ policy: z.string(), validation_failure: z.string().nullable(), count: z.int() })),
    wins_by_model: z.array(z.object({ model: z.string(), wins: z.int() })),
    ...prunedField,
  }),
  async read({ db }, scope) {
    const wins = new Map<string, number>()
    const rejected = new Map<string, number>()
    const models = new Map<string, number>()
    let [failures, refusals] = [0, 0]
    for (const { detail, count, subject } of await readFacts(db, scope, ['route'])) {
      const [verdict = '', policy = '', failure] = detail.split(' ')
      if (verdict === 'chose') {
        add(wins, policy, count)
        add(models, subject.model, count)
      } else if (verdict === 'rejected') add(rejected, failure === undefined ? policy : `${policy} ${failure}`, count)
      else if (verdict === 'failed') failures += count
      else refusals += count
    }
    const data = {
      decisions: [...wins.values()].reduce((sum, count) => sum + count, failures + refusals),
      wins_by_policy: policies.map((policy) => ({ policy, wins: wins.get(policy) ?? 0 })),
      hard_failures: failures,
      refused_after_choice: refusals,
      rejections: mostFirst(rejected).map(([key, count]) => {
        const [policy = '', failure] = key.split(' ')
        return { policy, validation_failure: failure ?? null, count }
      }),
      wins_by_model: mostFirst(models).map(([model, count]) => ({ model, wins: count })),
      pruned_before: await readPrunedBefore(db, scope.window),
    }
    return { data }
  },
})

function add(to: Map<string, number>, key: string, count: number): void {
  to.set(key, (to.get(key) ?? 0) + count)
}

/** By count, then by name, so that two readings print alike. */
const mostFirst = (counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] =>
  [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
