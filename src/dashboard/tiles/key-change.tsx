// Asks before a key is rotated or revoked: both end what somebody may be using.
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { send } from '../api.ts'
import type { Key } from '../key.ts'
import { Dialog } from '../parts/dialog.tsx'
import { issuedIn, NewToken, type Issued } from '../parts/new-token.tsx'
import { SendForm } from '../parts/send-form.tsx'

export interface Change {
  readonly verb: 'rotate' | 'revoke'
  readonly key: Pick<Key, 'key_id' | 'name'>
}

const graces = [
  ['0s', 'at once'],
  ['1h', 'in an hour'],
  ['24h', 'in a day'],
  ['7d', 'in a week'],
] as const

export function KeyChange({ change, close, changed }: { readonly change: Change; close(): void; changed(): void }): JSX.Element {
  const { verb, key } = change
  const token = useSignal<Issued | null>(null)
  const grace = useSignal<string>('24h')
  const act = () => {
    const body = verb === 'rotate' ? { grace_period: grace.value } : {}
    return send(`/admin/keys/${encodeURIComponent(key.key_id)}/${verb}`, 'POST', body)
  }
  const acted = (body: unknown) => {
    changed()
    token.value = issuedIn(body)
    if (token.value === null) close()
  }
  if (token.value !== null)
    return (
      <Dialog title="The key is rotated" close={close}>
        <NewToken issued={token.value} close={close} />
      </Dialog>
    )
  return (
    <Dialog title={verb === 'rotate' ? 'Rotate this key?' : 'Revoke this key?'} close={close}>
      <SendForm verb={verb === 'rotate' ? 'Rotate' : 'Revoke'} class="steps" send={act} sent={acted} close={close}>
        <p>
          <bdi class="name">{key.name}</bdi> <code class="muted">{key.key_id}</code>
        </p>
        {verb === 'rotate' ? (
          <label class="range">
            A new token takes its place; the old one ends
            <select value={grace.value} onChange={(event) => (grace.value = event.currentTarget.value)}>
              {graces.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <p>Calls with it are refused from the next one on. This cannot be undone.</p>
        )}
      </SendForm>
    </Dialog>
  )
}
