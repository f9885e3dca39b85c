// Keys: all of them with their limits; issued, rotated and revoked here. A token is shown once, when it is made.
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { query, useAnswers } from '../api.ts'
import { exactUsd, formatAgo, formatTime, formatUsd, shortId, visible } from '../format.ts'
import type { Key } from '../key.ts'
import type { Column } from '../parts/data-table.tsx'
import { Go, Name } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { canFilterBy } from '../state.ts'
import { IssueDialog } from './issue-dialog.tsx'
import { KeyChange, type Change } from './key-change.tsx'

export function KeysTab(): JSX.Element {
  const answers = useAnswers({ keys: query<{ readonly data: readonly Key[] }>('/admin/keys') })
  const isIssuing = useSignal(false)
  const change = useSignal<Change | null>(null)
  const hasChanged = useRef(false)
  const changed = () => {
    hasChanged.current = true
    answers.retry()
  }
  // A key that ended has no button to come back to: the table it is in takes the focus.
  useEffect(() => {
    if (!hasChanged.current || document.activeElement !== document.body) return
    hasChanged.current = false
    document.querySelector<HTMLElement>('#keys .table-scroll')?.focus({ preventScroll: true })
  })
  return (
    <div class="tiles">
      <TableTile
        id="keys"
        title="Gateway keys"
        answers={answers}
        rows={({ keys }) => keys.data.toReversed()}
        keyOf={(key) => key.key_id}
        columns={[...columns, actionsColumn((next) => (change.value = next))]}
        empty="No key has been issued yet."
        actions={() => (
          <button type="button" class="primary" onClick={() => (isIssuing.value = true)}>
            Issue a key
          </button>
        )}
      />
      {isIssuing.value && <IssueDialog close={() => (isIssuing.value = false)} issued={answers.retry} />}
      {change.value !== null && <KeyChange change={change.value} close={() => (change.value = null)} changed={changed} />}
    </div>
  )
}

const states = { active: 'good', revoked: 'bad', expired: 'warn', disabled: 'warn' } as const

const columns: readonly Column<Key>[] = [
  { id: 'name', title: 'Name', wide: true, value: (key) => key.name, cell: (key) => <bdi class="name">{visible(key.name)}</bdi> },
  { id: 'key_id', title: 'Key', value: (key) => key.key_id, cell: (key) => <KeyId id={key.key_id} /> },
  {
    id: 'state',
    title: 'State',
    value: (key) => key.state,
    cell: (key) => <span class={`tag ${states[key.state]}`}>{key.state}</span>,
  },
  { id: 'user_id', title: 'User', value: (key) => key.user_id, cell: (key) => <Name id={key.user_id} none="—" /> },
  { id: 'team_id', title: 'Team', value: (key) => key.team_id, cell: (key) => <Name id={key.team_id} none="—" /> },
  {
    id: 'workspace',
    title: 'Workspace',
    wide: true,
    value: (key) => key.workspace,
    cell: (key) => <Name id={key.workspace} none="—" />,
  },
  {
    id: 'limits',
    title: 'Limits',
    value: (key) => limitsOf(key, exactUsd),
    cell: (key) => limitsOf(key, formatUsd) || <span class="muted">none</span>,
  },
  {
    id: 'last_used_at',
    title: 'Last used',
    value: (key) => key.last_used_at,
    cell: (key) => <Ago iso={key.last_used_at} none="never" />,
  },
  {
    id: 'expires_at',
    title: 'Expires',
    value: (key) => key.expires_at,
    cell: (key) => (key.expires_at === null ? '—' : formatTime(key.expires_at)),
  },
]

function actionsColumn(choose: (change: Change) => void): Column<Key> {
  return {
    id: 'actions',
    title: 'Change',
    cell: (key) =>
      key.state === 'active' ? (
        <span class="row-actions">
          {key.successor_id === null && (
            <button
              type="button"
              class="plain small"
              aria-label={`Rotate ${key.name}`}
              onClick={() => choose({ verb: 'rotate', key })}
            >
              Rotate
            </button>
          )}
          <button
            type="button"
            class="plain small danger"
            aria-label={`Revoke ${key.name}`}
            onClick={() => choose({ verb: 'revoke', key })}
          >
            Revoke
          </button>
        </span>
      ) : (
        <span class="muted">—</span>
      ),
  }
}

function KeyId({ id }: { readonly id: string }) {
  const text = (
    <span class="mono nowrap" title={id}>
      {shortId(id)}
    </span>
  )
  return canFilterBy(id) ? (
    <Go to={{ tab: null, gateway_key: id }} aria-label={`Cost of ${id}`}>
      {text}
    </Go>
  ) : (
    text
  )
}

function Ago({ iso, none }: { readonly iso: string | null; readonly none: string }) {
  if (iso === null) return <span class="muted">{none}</span>
  return (
    <time class="nowrap" dateTime={iso} title={formatTime(iso)}>
      {formatAgo(Date.parse(iso), Date.now())}
    </time>
  )
}

function limitsOf(key: Key, usd: (amount: number) => string): string {
  return [
    key.daily_cap_usd === null ? '' : `${usd(key.daily_cap_usd)} a day`,
    key.monthly_cap_usd === null ? '' : `${usd(key.monthly_cap_usd)} a month`,
    key.budget_usd === null ? '' : `${usd(key.budget_usd)} in all`,
    key.requests_per_minute === null ? '' : `${key.requests_per_minute} requests/min`,
    key.tokens_per_minute === null ? '' : `${key.tokens_per_minute} tokens/min`,
    key.concurrent_turns === null ? '' : `${key.concurrent_turns} at once`,
    key.allowed_models.length === 0 ? '' : key.allowed_models.join(' '),
  ]
    .filter((text) => text !== '')
    .join(', ')
}
