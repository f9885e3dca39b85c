// What /metrics says of each model's money and tokens, wherever the numbers come from: one process, or the ledger.
import type { Family, Labels, Sample } from './prometheus.ts'

export interface ModelTotals {
  readonly labels: Labels
  readonly costNanoUsd: number
  readonly unpricedCalls: number
  /** Each token once. */
  readonly tokens: Readonly<Record<'input' | 'cache_read' | 'cache_creation' | 'output', number>>
}

export const modelLabels = (provider: string, model: string): Labels => ({
  gen_ai_provider_name: provider,
  gen_ai_request_model: model,
})

export function modelFamilies(models: () => Iterable<ModelTotals>): readonly Family[] {
  const perModel = (samplesOf: (totals: ModelTotals) => readonly Sample[]) => () => [...models()].flatMap(samplesOf)
  return [
    {
      name: 'metis_cost_nano_usd_total',
      type: 'counter',
      help: 'What calls cost, in billionths of a US dollar: exact.',
      samples: perModel(({ labels, costNanoUsd }) => [{ labels, value: costNanoUsd }]),
    },
    {
      name: 'metis_unpriced_calls_total',
      type: 'counter',
      help: 'Calls whose price is not known: they are not part of the cost.',
      samples: perModel(({ labels, unpricedCalls }) => [{ labels, value: unpricedCalls }]),
    },
    {
      name: 'metis_tokens_total',
      type: 'counter',
      help: 'Tokens of calls, by type; each is counted once.',
      samples: perModel(({ labels, tokens }) =>
        Object.entries(tokens).map(([type, value]) => ({ labels: { ...labels, gen_ai_token_type: type }, value })),
      ),
    },
  ]
}
