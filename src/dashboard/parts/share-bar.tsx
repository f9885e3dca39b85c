// A share of something as a short bar; the number beside it says the same.
import type { JSX } from 'preact'

export function ShareBar({ share }: { readonly share: number }): JSX.Element {
  return (
    <div class="inline-bar" aria-hidden="true">
      <i style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
    </div>
  )
}
