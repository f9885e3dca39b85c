// Numbers that matter by themselves, side by side.
import type { ComponentChildren, JSX } from 'preact'

export const Figures = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <dl class="figures">{children}</dl>
)

export function Figure({
  term,
  value,
  beside,
}: {
  readonly term: string
  readonly value: ComponentChildren
  readonly beside?: ComponentChildren
}): JSX.Element {
  return (
    <div class="figure">
      <dt>{term}</dt>
      <dd class="value">{value}</dd>
      {beside !== undefined && <dd class="beside">{beside}</dd>}
    </div>
  )
}
