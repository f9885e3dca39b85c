// Where the reader is: tab, window, filters, sorting, everything that is open. All of it is in the URL, so that a page can be
// sent to somebody, kept, and walked back through.
import { computed, signal } from '@preact/signals'

export const tabIds = ['cost', 'activity', 'identity', 'reliability', 'routing', 'keys'] as const
export type TabId = (typeof tabIds)[number]

export const windowNames = ['24h', '7d', '30d', 'mtd', 'all'] as const
export type WindowName = (typeof windowNames)[number]

/** As the analytics endpoints call them. */
export const filterNames = ['team', 'user', 'gateway_key', 'model', 'provider', 'project', 'client', 'session'] as const
export type FilterName = (typeof filterNames)[number]

/** What identities are filtered by: the tab that shows all of them leaves these aside. */
export const identityFilters: readonly FilterName[] = ['team', 'user', 'gateway_key']

export const search = signal(new URLSearchParams(location.search))

/** null takes a parameter away. */
export type Changes = Readonly<Record<string, string | null>>

export function hrefOf(changes: Changes): string {
  const next = new URLSearchParams(search.value)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name)
    else next.set(name, value)
  }
  const text = next.toString()
  return text === '' ? location.pathname : `${location.pathname}?${text}`
}

/** `push` for what the back button should undo, `replace` for typing, sorting and opening. */
export function navigate(changes: Changes, how: 'push' | 'replace' = 'push'): void {
  const href = hrefOf(changes)
  if (how === 'push') history.pushState(null, '', href)
  else history.replaceState(null, '', href)
  search.value = new URLSearchParams(location.search)
}

addEventListener('popstate', () => {
  search.value = new URLSearchParams(location.search)
})

/** null = not in the URL. */
export const parameter = (name: string): string | null => search.value.get(name)

export const tab = computed<TabId>(() => tabIds.find((id) => id === parameter('tab')) ?? 'cost')

export interface WindowChoice {
  /** `custom` = `from` and `to` are in the URL. */
  readonly name: WindowName | 'custom'
  readonly from: string | null
  readonly to: string | null
}

export const windowChoice = computed<WindowChoice>(() => {
  const [from, to] = [parameter('from'), parameter('to')]
  if (from !== null || to !== null) return { name: 'custom', from, to }
  return { name: windowNames.find((name) => name === parameter('window')) ?? '7d', from: null, to: null }
})

const hourMs = 3_600_000
const spansMs: Readonly<Record<WindowName, number>> = { '24h': 24 * hourMs, '7d': 168 * hourMs, '30d': 720 * hourMs, mtd: 744 * hourMs, all: Infinity } // prettier-ignore

/** How long the chosen window is, before an answer says which instants it was. */
export function chosenSpan(nowMs: number): { readonly startMs: number; readonly endMs: number } {
  const { name, from, to } = windowChoice.value
  if (name !== 'custom') return { startMs: nowMs - spansMs[name], endMs: nowMs }
  const endMs = to === null ? nowMs : Date.parse(to)
  return { startMs: from === null ? endMs - spansMs['7d'] : Date.parse(from), endMs }
}

/** What a value must be like for the endpoints to filter by it; another can be shown and not chosen. */
export const canFilterBy = (value: string | null): value is string => value !== null && /^[A-Za-z0-9_.:/@-]{1,200}$/.test(value)

type Chosen = readonly (readonly [FilterName, string])[]

const chosen = computed<Chosen>(() =>
  filterNames.flatMap((name) => {
    const value = parameter(name)
    return value === null || value === '' ? [] : [[name, value] as const]
  }),
)

export const filters = computed<Chosen>(() => chosen.value.filter(([, value]) => canFilterBy(value)))

/** An address may hold anybody's text: what no endpoint takes narrows nothing, and the page says so. */
export const unusableFilters = computed<Chosen>(() => chosen.value.filter(([, value]) => !canFilterBy(value)))

export const noFilters: Changes = Object.fromEntries(filterNames.map((name) => [name, null]))

/** A list in one parameter, as `open=eng,sales`; commas in values are escaped. */
export function listParameter(name: string): readonly string[] {
  const text = parameter(name)
  return text === null ? [] : text.split(',').flatMap(decoded)
}

/** A URL may be anybody's: an escape that is none must not be the end of the page. */
function decoded(text: string): readonly string[] {
  try {
    return [decodeURIComponent(text)]
  } catch {
    return []
  }
}

export function toggledInList(name: string, value: string): Changes {
  const list = listParameter(name)
  const next = list.includes(value) ? list.filter((item) => item !== value) : [...list, value]
  return { [name]: next.map(encodeURIComponent).join(',') }
}
