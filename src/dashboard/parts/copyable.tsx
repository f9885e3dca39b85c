// Lines to paste, with a button that copies them.
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'

export function Copyable({ label, text }: { readonly label: string; readonly text: string }): JSX.Element {
  const outcome = useSignal('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      outcome.value = 'Copied'
    } catch {
      // A page without TLS beyond this machine may not write to the clipboard.
      outcome.value = 'Select the text to copy it'
    }
  }
  return (
    <div class="copyable">
      {/* It scrolls, so it must be reachable with the keyboard. */}
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <button type="button" class="plain small" aria-label={`Copy ${label}`} onClick={copy}>
        {outcome.value === '' ? 'Copy' : outcome.value}
      </button>
      <span class="visually-hidden" role="status">
        {outcome.value}
      </span>
    </div>
  )
}
