// What the tabs are narrowed to, each with a way out, told by its name where it has one; its id is in the URL.
import type { JSX } from 'preact'
import { filters, navigate, tab, unusableFilters, type FilterName } from '../state.ts'
import { CloseIcon } from './icons.tsx'
import { useNames } from './identity-names.ts'

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
  if (filters.value.length + unusableFilters.value.length === 0) return null
  return (
    <div class="chips" role="group" aria-label="Filters">
      {filters.value.map(([name, value]) => (
        <Chip key={name} name={name} value={value} />
      ))}
      {unusableFilters.value.map(([name, value]) => (
        <Chip key={name} name={name} value={value} isIgnored />
      ))}
      {tab.value === 'identity' && <span class="status">This tab shows every identity; the other tabs are narrowed.</span>}
    </div>
  )
}

interface ChipProps {
  readonly name: FilterName
  readonly value: string
  readonly isIgnored?: boolean
}

function Chip({ name, value, isIgnored = false }: ChipProps) {
  const nameOf = useNames(name)
  const label = isIgnored ? value : nameOf(value)
  return (
    <span class={isIgnored ? 'chip ignored' : 'chip'}>
      <span>
        {words[name]}{' '}
        <bdi class="name" title={value}>
          {label}
        </bdi>
        {isIgnored && ' is not a name that can be filtered by: all is shown'}
      </span>
      <button type="button" aria-label={`Remove the filter ${words[name]} ${label}`} onClick={() => navigate({ [name]: null })}>
        <CloseIcon />
      </button>
    </span>
  )
}
