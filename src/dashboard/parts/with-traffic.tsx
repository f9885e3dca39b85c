// Tiles where there is something to show; where not, how to get there: a wider window, fewer filters, or the first call.
import type { ComponentChildren, JSX } from 'preact'
import type { Totals } from '../../analytics/totals.ts'
import { analytics, query, useAnswers, type Envelope } from '../api.ts'
import { filters, navigate, noFilters, windowChoice } from '../state.ts'
import { TileFailure } from './tile.tsx'
import { Welcome } from './welcome.tsx'

const summed = { group_by: 'none' }

export function WithTraffic({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const inWindow = useAnswers({ totals: analytics<Totals>('/analytics/cost', summed) })
  const isEmpty = inWindow.all !== null && inWindow.all.totals.data.call_count === 0 && !inWindow.stale
  return isEmpty ? <NothingHere /> : <>{children}</>
}

function NothingHere() {
  const ever = useAnswers({ totals: query<Envelope<Totals>>('/analytics/cost?group_by=none&window=all', 5000) })
  if (ever.all === null) return ever.failure === null ? <></> : <TileFailure failure={ever.failure} retry={ever.retry} />
  if (ever.all.totals.data.call_count === 0) return <Welcome />
  return (
    <div class="tile empty" role="status">
      <p>{filters.value.length > 0 ? 'No calls like these in this window.' : 'No calls in this window.'}</p>
      <p class="page-head empty-actions">
        {filters.value.length > 0 && (
          <button type="button" class="plain" onClick={() => navigate(noFilters)}>
            Remove the filters
          </button>
        )}
        {windowChoice.value.name !== 'all' && (
          <button type="button" class="plain" onClick={() => navigate({ window: 'all', from: null, to: null })}>
            Look at all time
          </button>
        )}
      </p>
    </div>
  )
}
