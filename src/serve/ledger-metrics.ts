// `GET /metrics` of a gateway without a process of its own, read from the ledger as analytics reads it: all isolates together, and
// counters that no restart sets back (docs/observability.md says which families these are).
import { readUsage, type UsageRow } from '../analytics/usage.ts'
import { createCapGauges } from '../gateway/cap-gauges.ts'
import { modelFamilies, modelLabels, type ModelTotals } from '../gateway/model-families.ts'
import { buildInfo, counter, gauge, printFamilies, prometheusType, type Family } from '../gateway/prometheus.ts'
import type { Services } from '../services.ts'
import { spanStartOf, spanUs } from '../store/settled.ts'

type LedgerServices = Pick<Services, 'storage' | 'clock' | 'defer' | 'logger'>

/** Beyond now: isolates' clocks differ, and a counter that falls by one call is one that began anew to whoever scrapes it. */
const aheadUs = 2 * spanUs.day

export function createLedgerMetrics(services: LedgerServices, version: string): () => Promise<Response> {
  const { clock } = services
  const { db } = services.storage
  return async () => {
    const window = { startUs: 0, endUs: spanStartOf('day', clock.nowUs()) + aheadUs }
    const rows = await readUsage(db, { window, filters: [] }, ['provider', 'model'])
    const { running } = await db
      .selectFrom('inflight')
      .select(({ fn }) => fn.countAll<number | string>().as('running'))
      .executeTakeFirstOrThrow()
    const caps = createCapGauges(services)
    await caps.refresh()
    const calls = rows.reduce((sum, { usage }) => sum + usage.callCount, 0)
    const families: readonly Family[] = [
      buildInfo(version),
      gauge('metis_turns_running', 'Turns that are with a provider now.', () => Number(running)),
      counter('metis_calls_total', 'Calls that ended, whichever way.', () => calls),
      ...modelFamilies(() => rows.map(totalsOf).filter(isUsed)),
      ...caps.families,
    ]
    return new Response(printFamilies(families), { headers: { 'content-type': prometheusType, 'cache-control': 'no-store' } })
  }
}

function totalsOf({ keys: [provider, model], usage }: UsageRow): ModelTotals {
  const name = model ?? ''
  return {
    labels: modelLabels(provider ?? '', name.startsWith(`${provider}:`) ? name.slice(`${provider}:`.length) : name),
    costNanoUsd: usage.costNanoUsd,
    unpricedCalls: usage.unpricedCalls,
    tokens: {
      input: usage.inputTokens,
      cache_read: usage.cachedInputTokens,
      cache_creation: usage.cacheCreationInputTokens,
      output: usage.outputTokens,
    },
  }
}

/** A client may ask for any name: one that no provider knows fails, and uses nothing. */
const isUsed = ({ costNanoUsd, unpricedCalls, tokens }: ModelTotals): boolean =>
  costNanoUsd > 0 || unpricedCalls > 0 || Object.values(tokens).some((count) => count > 0)
