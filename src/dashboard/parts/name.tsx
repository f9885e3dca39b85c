// Names in cells. They are anybody's text: always text, never markup, kept from turning the line around them.
import type { ComponentChildren, JSX } from 'preact'
import { visible } from '../format.ts'
import { canFilterBy, hrefOf, navigate, noFilters, parameter, type Changes, type FilterName, type TabId } from '../state.ts'

/** The name, else the id, else what stands for none. */
export function Name({ id, name, none }: { readonly id: string | null; readonly name?: string | null; readonly none: string }) {
  if (id === null) return <span class="untagged">{none}</span>
  return (
    <bdi class="name" title={name === undefined || name === null || name === id ? id : `${name} (${id})`}>
      {visible(name ?? id)}
    </bdi>
  )
}

export interface GoProps {
  readonly to: Changes
  readonly children: ComponentChildren
  readonly class?: string
  readonly 'aria-label'?: string
  readonly 'aria-current'?: 'page' | undefined
}

/** A link inside the dashboard: the address is real, the page is not loaded anew. */
export function Go({ to, children, ...rest }: GoProps): JSX.Element {
  const follow = (event: MouseEvent) => {
    // A new tab or window is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return
    event.preventDefault()
    navigate(to)
    scrollTo(0, 0)
  }
  return (
    <a href={hrefOf(to)} onClick={follow} {...rest}>
      {children}
    </a>
  )
}

/** What chooses one identity, model or project, and shows the tab where it matters. */
export function filterBy(name: FilterName, value: string, tab: TabId = 'cost'): Changes {
  return { ...noFilters, [name]: value, tab, turn: null }
}

/** A name that narrows the other tabs to itself where the endpoints can filter by it. */
export function FilterName({
  filter,
  id,
  name,
  none,
}: {
  readonly filter: FilterName
  readonly id: string | null
  readonly name?: string | null
  readonly none: string
}) {
  const text = <Name id={id} none={none} {...(name === undefined ? {} : { name })} />
  return canFilterBy(id) ? <Go to={{ [filter]: id, turn: null }}>{text}</Go> : text
}

export const isChosen = (filter: FilterName, id: string | null): boolean => id !== null && parameter(filter) === id
