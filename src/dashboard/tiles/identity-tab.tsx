// Spend by identity: per team, per user, per key, each with its callout, its caps and a way to narrow the other tabs to it.
import type { JSX } from 'preact'
import { Segments } from '../parts/segments.tsx'
import { WithTraffic } from '../parts/with-traffic.tsx'
import { navigate, parameter } from '../state.ts'
import { KeySpendTile } from './spend-per-key.tsx'
import { TeamSpendTile } from './spend-per-team.tsx'
import { UserSpendTile } from './spend-per-user.tsx'

const scopes = [
  ['all', 'All'],
  ['team', 'Per-team'],
  ['user', 'Per-user'],
  ['key', 'Per-key'],
] as const
const orders = [
  ['cost', 'Cost'],
  ['calls', 'Calls'],
] as const

export function IdentityTab(): JSX.Element {
  const scope = scopes.find(([id]) => id === parameter('scope'))?.[0] ?? 'all'
  const shows = (one: typeof scope) => scope === 'all' || scope === one
  return (
    <>
      <div class="page-head">
        <Segments
          label="Scope"
          options={scopes}
          chosen={scope}
          choose={(next) => navigate({ scope: next === 'all' ? null : next })}
        />
        <div class="range">
          <span class="status" aria-hidden="true">
            Sort
          </span>
          <Segments
            label="Sort by"
            options={orders}
            chosen={(parameter('sort') ?? 'cost').replace(/^-/, '')}
            choose={(next) => navigate({ sort: next === 'cost' ? null : next }, 'replace')}
          />
        </div>
      </div>
      <WithTraffic>
        <div class="tiles" id="identity">
          {shows('team') && <TeamSpendTile />}
          {shows('user') && <UserSpendTile />}
          {shows('key') && <KeySpendTile />}
        </div>
      </WithTraffic>
    </>
  )
}
