// The figures at the head of Cost: total and its change, calls, tokens, the cache's part, the share that was measured.
import type { JSX } from 'preact'
import type { CacheEffect } from '../answers.ts'
import type { Totals } from '../../analytics/totals.ts'
import { analytics, query, useAnswers, type Envelope } from '../api.ts'
import { exactUsd, formatCount, formatMs, formatShare, formatShort, formatUsd, plural } from '../format.ts'
import { Figure, Figures } from '../parts/figures.tsx'
import { Money } from '../parts/money.tsx'
import { TileFailure } from '../parts/tile.tsx'
import { chosenSpan } from '../state.ts'

interface Compared extends Envelope<Totals> {
  /** Absent for all time, and for a window that reaches back further than there is anything. */
  readonly previous?: Envelope<Totals>
}

/** The whole window, and the one before it. */
function totalsOfWindow() {
  const { startMs, endMs } = chosenSpan(Date.now())
  // Serve knows of nothing before 1970.
  const hasPrevious = startMs - (endMs - startMs) >= 0
  const own = hasPrevious ? { group_by: 'none', compare: 'previous' } : { group_by: 'none' }
  const { path, everyMs } = analytics<Totals>('/analytics/cost', own)
  return query<Compared>(path, everyMs)
}

export function Summary(): JSX.Element | null {
  const now = useAnswers({
    totals: totalsOfWindow(),
    cache: analytics<readonly CacheEffect[]>('/analytics/cache_effectiveness'),
  })
  if (now.all === null)
    return (
      <section class="tile">
        {now.failure === null ? <div class="skeleton" /> : <TileFailure failure={now.failure} retry={now.retry} />}
      </section>
    )
  const { totals, cache } = now.all
  const { data } = totals
  const input = data.input_tokens + data.cached_input_tokens + data.cache_creation_input_tokens
  const saved = cache.data.reduce((sum, row) => sum + (row.saved_usd ?? 0), 0)
  return (
    <section class="tile" id="summary" aria-label="Summary" aria-busy={now.stale}>
      {now.failure !== null && <TileFailure failure={now.failure} retry={now.retry} />}
      <Figures>
        <Figure term="Total spend" value={<Money usd={data.cost_usd} />} beside={<Change now={totals} />} />
        <Figure
          term="Calls"
          value={formatCount(data.call_count)}
          beside={
            data.unpriced_calls > 0 ? (
              <span class="warn">{`${formatCount(data.unpriced_calls)} unpriced, not in the total`}</span>
            ) : (
              `${data.call_count === 0 || data.cost_usd === null ? '—' : formatUsd(data.cost_usd / data.call_count)} each`
            )
          }
        />
        <Figure term="Input tokens" value={formatShort(input)} beside={`${formatShort(data.output_tokens)} output`} />
        <Figure
          term="From cache"
          value={input === 0 ? '—' : formatShare(data.cached_input_tokens / input)}
          beside={<span title={exactUsd(saved)}>{`${formatUsd(saved)} ${saved < 0 ? 'lost' : 'saved'} by it`}</span>}
        />
        <Figure
          term="Measured"
          value={data.cost_usd === null || data.cost_usd === 0 ? '—' : formatShare(data.measured_cost_usd / data.cost_usd)}
          beside="of the spend"
        />
        {data.subscription_calls > 0 && (
          <Figure
            term="Subscriptions"
            value={<Money usd={data.subscription_list_usd} />}
            beside={`at list price, ${plural(data.subscription_calls, 'call')}; not in the total`}
          />
        )}
        <Figure
          term="Average latency"
          value={data.avg_latency_ms === null ? '—' : formatMs(data.avg_latency_ms)}
          beside="to the end of the answer"
        />
      </Figures>
    </section>
  )
}

/** Against the window of the same length just before. */
function Change({ now }: { readonly now: Compared }) {
  const { previous } = now
  if (previous === undefined) return <>since the first call</>
  const [cost, earlier] = [now.data.cost_usd, previous.data.cost_usd]
  if (previous.data.call_count === 0) return <>nothing in the window before</>
  if (cost === null || earlier === null || earlier === 0)
    return <>{`${plural(previous.data.call_count, 'call')} in the window before`}</>
  const change = (cost - earlier) / earlier
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±'
  return (
    <span title={`${exactUsd(earlier)} in the window before`}>
      {`${sign}${formatShare(Math.abs(change))} to the window before`}
    </span>
  )
}
