// `/analytics/reliability`: how calls ended, what went wrong, and how long good answers took, per model.
import * as z from 'zod'
import { defineEndpoint } from './endpoint.ts'
import type { Fact } from './facts.ts'
import { addHistogram, percentilesOf, precision, type Percentiles } from './histogram.ts'
import { prunedField, readPrunedBefore } from './pruned.ts'
import { readFacts } from './read-facts.ts'
import { isoOf } from './window.ts'

const percentiles = z
  .object({ p50: z.number(), p95: z.number(), p99: z.number() })
  .nullable()
  .describe(`Of calls that went well; null: there was none. ${precision}`)

export const reliability = defineEndpoint({
  path: '/analytics/reliability',
  summary: 'Errors by class, and latency and first-token percentiles per model',
  fields: {},
  data: z.object({
    totals: z.object({
      calls: z.int(),
      ok: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      interrupted: z.int(),
      /** Turns that were turned away before any call. */
      refused: z.int(),
      /** Failed of all calls; null = no call. */
      error_rate: z.number().nullable(),
      retried_calls: z.int(),
    }),
    errors_by_class: z.array(z.object({ error_class: z.string(), calls: z.int(), last_at: z.string() })),
    refusals_by_code: z.array(z.object({ code: z.string(), count: z.int() })),
    by_model: z.array(
      z.object({
        model: z.string(),
        calls: z.int(),
        failed: z.int(),
        error_rate: z.number().nullable(),
        latency_ms: percentiles,
        ttft_ms: percentiles,
      }),
    ),
    ...prunedField,
  }),
  async read({ db }, scope) {
    const facts = await readFacts(db, scope, ['status', 'latency', 'ttft', 'refusal'])
    const ends = facts.filter(({ kind }) => kind === 'status')
    const refusals = facts.filter(({ kind }) => kind === 'refusal')
    const calls = countOf(ends)
    const failed = countOf(ends.filter(isFailure))
    const data = {
      totals: {
        calls,
        ok: countOf(ends.filter(({ detail }) => statusOf(detail) === 'ok')),
        failed,
        cancelled: countOf(ends.filter(({ detail }) => statusOf(detail) === 'cancelled')),
        interrupted: countOf(ends.filter(({ detail }) => statusOf(detail) === 'interrupted')),
        refused: countOf(refusals),
        error_rate: rateOf(failed, calls),
        retried_calls: ends.reduce((sum, fact) => sum + fact.retried, 0),
      },
      errors_by_class: groups(ends.filter(isFailure), ({ detail }) => detail.slice('failed '.length)).map(([name, all]) => ({
        error_class: name,
        calls: countOf(all),
        last_at: isoOf(Math.max(...all.map((fact) => fact.lastUs))),
      })),
      refusals_by_code: groups(refusals, ({ detail }) => detail).map(([code, all]) => ({ code, count: countOf(all) })),
      by_model: groups(ends, ({ subject }) => subject.model).map(([model, all]) => ({
        model,
        calls: countOf(all),
        failed: countOf(all.filter(isFailure)),
        error_rate: rateOf(countOf(all.filter(isFailure)), countOf(all)),
        latency_ms: percentilesIn(facts, 'latency', model),
        ttft_ms: percentilesIn(facts, 'ttft', model),
      })),
      pruned_before: await readPrunedBefore(db, scope.window),
    }
    return { data }
  },
})

const statusOf = (detail: string): string => detail.split(' ')[0] ?? ''
const isFailure = ({ detail }: Fact): boolean => statusOf(detail) === 'failed'
const countOf = (facts: readonly Fact[]): number => facts.reduce((sum, fact) => sum + fact.count, 0)
const rateOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

/** Most first, then by name. */
function groups(facts: readonly Fact[], keyOf: (fact: Fact) => string): readonly (readonly [string, readonly Fact[]])[] {
  const found = new Map<string, Fact[]>()
  for (const fact of facts) {
    const group = found.get(keyOf(fact))
    if (group === undefined) found.set(keyOf(fact), [fact])
    else group.push(fact)
  }
  return [...found].sort(([a, one], [b, other]) => countOf(other) - countOf(one) || (a < b ? -1 : 1))
}

function percentilesIn(facts: readonly Fact[], kind: 'latency' | 'ttft', model: string): Percentiles | null {
  const whole = new Map<number, number>()
  for (const fact of facts) if (fact.kind === kind && fact.subject.model === model) addHistogram(whole, fact.histogram)
  return percentilesOf(whole)
}
