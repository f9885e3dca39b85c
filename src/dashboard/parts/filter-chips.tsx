// What the tabs are narrowed to, each with a way out. A key is told by its name where it has one; its id is in the URL.
import type { JSX } from 'preact'
import type { KeySpend } from '../answers.ts'
import { acrossIdentities, analytics, useAnswers } from '../api.ts'
import { filters, navigate, tab, type FilterName } from '../state.ts'
import { shortId } from '../format.ts'
import { CloseIcon } from './icons.tsx'

const words: Readonly<Record<FilterName, string>> = {
  team: 'Team',
  user: 'User',
  gateway_key: 'Key',
  model: 'Model',
  provider: 'Provider',
  project: 'Project',
  client: 'Client',
  session: 'Session',
}

export function FilterChips(): JSX.Element | null {
  if (filters.value.length === 0) return null
  return (
    <div class="chips" role="group" aria-label="Filters">
      {filters.value.map(([name, value]) => (
        <span key={name} class="chip">
          <span>
            {words[name]}{' '}
            <bdi class="name" title={value}>
              {name === 'gateway_key' ? <KeyName id={value} /> : value}
            </bdi>
          </span>
          <button
            type="button"
            aria-label={`Remove the filter ${words[name]} ${value}`}
            onClick={() => navigate({ [name]: null })}
          >
            <CloseIcon />
          </button>
        </span>
      ))}
      {tab.value === 'identity' && <span class="status">This tab shows every identity; the other tabs are narrowed.</span>}
    </div>
  )
}

/** Until the name is here, and for a key without calls in the window, its short id. */
function KeyName({ id }: { readonly id: string }) {
  const answers = useAnswers({ keys: analytics<readonly KeySpend[]>('/analytics/by_key', {}, acrossIdentities) })
  const key = answers.all?.keys.data.find(({ gateway_key_id }) => gateway_key_id === id)
  return <>{key?.name ?? shortId(id)}</>
}
