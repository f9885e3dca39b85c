// How far a cap is used up: a bar, the percentage in words, when it starts anew.
import type { JSX } from 'preact'
import type { Quota } from '../../analytics/quota.ts'
import { exactUsd, formatSpan, formatTime, formatUsd } from '../format.ts'

/** From here on a bar warns; the same step at which an alert would be sent. */
const nearlyUsedUp = 80

const periods: Readonly<Record<Quota['scope'], string>> = { daily: 'a day', monthly: 'a month', budget: 'in all' }

export function Quotas({ quotas }: { readonly quotas: readonly Quota[] }): JSX.Element {
  if (quotas.length === 0) return <span class="muted">—</span>
  return (
    <>
      {quotas.map((quota) => (
        <QuotaBar key={quota.scope} quota={quota} />
      ))}
    </>
  )
}

function QuotaBar({ quota }: { readonly quota: Quota }) {
  const { scope, percentage, limit_usd: limit, current_usd: current, resets_at: resetsAt } = quota
  const state = percentage >= 100 ? 'bad' : percentage >= nearlyUsedUp ? 'warn' : ''
  const percent = `${Math.round(percentage)}%`
  return (
    <div class="quota">
      <div
        class={`meter ${state}`}
        role="meter"
        aria-label={`${scope} cap`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, percentage)}
        aria-valuetext={`${percent} of ${exactUsd(limit)}`}
      >
        <i style={{ width: `${Math.min(100, Math.max(0, percentage))}%` }} />
      </div>
      <span class={state === '' ? undefined : state}>{percent}</span>
      <span
        class="reset"
        title={`${exactUsd(current)} of ${exactUsd(limit)}${resetsAt === null ? '' : `; starts anew ${formatTime(resetsAt)}`}`}
      >
        {`${formatUsd(current)} of ${formatUsd(limit)} ${periods[scope]}`}
        {resetsAt !== null && `, resets in ${formatSpan(Date.parse(resetsAt) - Date.now())}`}
      </span>
    </div>
  )
}
