// The form of a dialog: what is wrong is said as serve says it, and it is sent once, however often its button is pressed, for what
// it makes cannot be unmade.
import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import type { Outcome } from '../api.ts'

export interface SendFormProps {
  /** On its button. */
  readonly verb: string
  readonly class?: string
  send(form: HTMLFormElement): Promise<Outcome>
  /** It went well. */
  sent(body: unknown): void
  close(): void
  readonly children: ComponentChildren
}

export function SendForm({ verb, send, sent, close, children, ...rest }: SendFormProps): JSX.Element {
  const isSending = useSignal(false)
  const fault = useSignal('')
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (isSending.value || !(event.currentTarget instanceof HTMLFormElement)) return
    isSending.value = true
    const { body, failure } = await send(event.currentTarget)
    isSending.value = false
    fault.value = failure?.message ?? ''
    if (failure === null) sent(body)
  }
  return (
    <form onSubmit={submit} {...rest}>
      {children}
      <p class="bad" role="alert">
        {fault.value}
      </p>
      <div class="dialog-foot">
        <button type="button" class="plain" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={isSending.value}>
          {verb}
        </button>
      </div>
    </form>
  )
}
