// `doctor ledger`: proves that the trace adds up, and names the first row that does not.
import { usdOf } from '../../../src/lib/money.ts'
import type { LedgerProof } from '../../../src/analytics/ledger/prove.ts'
import { defineCommand } from './command.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { withNode } from './open.ts'
import { progressOf } from './progress.ts'

const shownFaults = 5

export const doctorLedger = defineCommand({
  name: 'doctor ledger',
  summary: 'prove that events, calls, hourly sums, analytics and export add up',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway doctor ledger', 'metis-gateway doctor ledger --json | jq .ok'],
  run: ({ flags, io }) =>
    withNode(io, flags, { mustExist: true }, async ({ storage, prices, clock }) => {
      const { proveLedger } = await import('../../../src/analytics/ledger/prove.ts')
      const progress = progressOf(io, (events) => `${events} events so far`)
      const proof = await proveLedger({ storage, prices, nowUs: clock.nowUs() }, progress)
      if (flags.json) io.out(JSON.stringify(jsonOf(proof)))
      else for (const line of linesOf(proof)) io.out(line)
      return proof.faultCount === 0 ? 0 : 1
    }),
})

function jsonOf({ turns, sums, prunedCalls, sources, faults, faultCount }: LedgerProof): object {
  return {
    ok: faultCount === 0,
    turns,
    calls: sums.calls,
    unpriced_calls: sums.unpriced,
    pruned_calls: prunedCalls,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cached_input_tokens: sums.cachedInputTokens,
    cache_creation_input_tokens: sums.cacheCreationInputTokens,
    cost_usd: usdOf(sums.costNanoUsd),
    sources,
    fault_count: faultCount,
    faults,
  }
}

function linesOf({ turns, sums, prunedCalls, sources, faults, faultCount }: LedgerProof): readonly string[] {
  const { received, ok, failed, cancelled, interrupted, refused, in_flight: inFlight } = turns
  const tokens = sums.inputTokens + sums.outputTokens + sums.cachedInputTokens + sums.cacheCreationInputTokens
  const facts = [
    `turns  ${received} received = ${ok} ok + ${failed} failed + ${cancelled} cancelled + ${interrupted} interrupted + ${refused} refused + ${inFlight} in flight`,
    `calls  ${sums.calls}, ${sums.unpriced} of them unpriced; ${tokens} tokens, $${usdOf(sums.costNanoUsd).toFixed(9)}`,
  ]
  if (turns.imported > 0) facts.push(`       ${turns.imported} of them were imported, and have no turn`)
  if (prunedCalls > 0) facts.push(`       ${prunedCalls} of them have no events any more: pruned`)
  if (faultCount === 0) return [...facts, `ok     the same in ${sources.join(', ')}`]
  const more = faultCount - Math.min(faultCount, shownFaults)
  return [
    ...facts,
    ...faults.slice(0, shownFaults).map(({ row, message }) => `fault  ${row}: ${message}`),
    ...(more === 0 ? [] : [`       and ${more} more`]),
    '       → metis-gateway rebuild makes calls and usage_hourly again; what is wrong in events themselves stays',
  ]
}
