// A form that is sent once, however often its button is pressed: what it makes cannot be unmade.
import { useSignal } from '@preact/signals'

export function useSending(act: (event: SubmitEvent) => Promise<void>): {
  readonly isSending: boolean
  submit(event: SubmitEvent): Promise<void>
} {
  const isSending = useSignal(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (isSending.value) return
    isSending.value = true
    try {
      await act(event)
    } finally {
      isSending.value = false
    }
  }
  return { isSending: isSending.value, submit }
}
