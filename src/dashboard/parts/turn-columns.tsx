// Columns of calls and sessions.
import { formatClock, formatCount, formatMs, formatShort, formatTime } from '../format.ts'
import type { Column } from './data-table.tsx'
import { FilterName } from './name.tsx'

interface Tokens {
  readonly input_tokens: number
  readonly cached_input_tokens: number
  readonly cache_creation_input_tokens: number
}

/** All of it: uncached, read from a cache, written to one. */
export const totalInputOf = (row: Tokens): number => row.input_tokens + row.cached_input_tokens + row.cache_creation_input_tokens

export function TokenCount({ count }: { readonly count: number }) {
  return <span title={`${formatCount(count)} tokens`}>{formatShort(count)}</span>
}

/** In and out, with what it is made of in the title. */
export function AllTokens({ of }: { readonly of: Tokens & { readonly output_tokens: number } }) {
  const input = totalInputOf(of)
  const made = `${formatCount(input)} input, ${formatCount(of.cached_input_tokens)} of it cached; ${formatCount(of.output_tokens)} output`
  return <span title={made}>{formatShort(input + of.output_tokens)}</span>
}

export function Duration({ ms }: { readonly ms: number | null }) {
  return ms === null ? <span class="muted">—</span> : <span title={`${ms} ms`}>{formatMs(ms)}</span>
}

export function Instant({ iso }: { readonly iso: string }) {
  return (
    <time class="nowrap" dateTime={iso} title={formatTime(iso)}>
      {formatClock(iso)}
    </time>
  )
}

type Owned = Readonly<Record<'client' | 'user_id' | 'project', string | null>>

export const clientColumn: Column<Pick<Owned, 'client'>> = {
  id: 'client',
  title: 'Client',
  value: (row) => row.client,
  cell: (row) => <FilterName filter="client" id={row.client} none="unknown" />,
}

export const userColumn: Column<Pick<Owned, 'user_id'>> = {
  id: 'user_id',
  title: 'User',
  value: (row) => row.user_id,
  cell: (row) => <FilterName filter="user" id={row.user_id} none="untagged" />,
}

export const projectColumn: Column<Pick<Owned, 'project'>> = {
  id: 'project',
  title: 'Project',
  value: (row) => row.project,
  cell: (row) => <FilterName filter="project" id={row.project} none="no project" />,
}
