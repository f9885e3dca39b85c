// The form that issues a key. What is wrong with a field is said by serve, and shown as it says it.
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { send } from '../api.ts'
import { Dialog } from '../parts/dialog.tsx'
import { issuedIn, NewToken, type Issued } from '../parts/new-token.tsx'
import { SendForm } from '../parts/send-form.tsx'

export function IssueDialog({ close, issued }: { close(): void; issued(): void }): JSX.Element {
  const token = useSignal<Issued | null>(null)
  const sent = (body: unknown) => {
    token.value = issuedIn(body)
    issued()
  }
  if (token.value !== null)
    return (
      <Dialog title="The key is issued" close={close}>
        <NewToken issued={token.value} close={close} />
      </Dialog>
    )
  return (
    <Dialog title="Issue a key" close={close}>
      <SendForm verb="Issue" send={(form) => send('/admin/keys', 'POST', bodyOf(new FormData(form)))} sent={sent} close={close}>
        <div class="fields">
          <Field name="name" label="Name" required hint="as it is called in reports" />
          <Field name="workspace" label="Workspace" hint="the project its calls are counted for" />
          <Field name="user_id" label="User" />
          <Field name="team_id" label="Team" />
          <Field name="daily_cap_usd" label="Daily cap, USD" type="number" step="any" />
          <Field name="monthly_cap_usd" label="Monthly cap, USD" type="number" step="any" />
          <Field name="budget_usd" label="Budget, USD" type="number" step="any" hint="in all" />
          <Field name="requests_per_minute" label="Requests a minute" type="number" step="1" />
          <Field name="tokens_per_minute" label="Tokens a minute" type="number" step="1" />
          <Field name="concurrent_turns" label="Turns at once" type="number" step="1" />
          <Field name="expires_in" label="Expires in" hint="90d, 12h; empty = when it is revoked" />
          <Field name="allowed_models" label="Models" hint="anthropic:* haiku; empty = all" />
          <label class="check">
            <input type="checkbox" name="create" />
            Make the user and the team if they are new
          </label>
        </div>
      </SendForm>
    </Dialog>
  )
}

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly type?: 'number' | 'text'
  readonly step?: string
  readonly required?: boolean
}

function Field({ name, label, hint, type = 'text', step, required = false }: FieldProps) {
  const rest = { name, required, autoComplete: 'off' } as const
  return (
    <label>
      {label}
      {type === 'number' ? <input type="number" min={0} step={step ?? 'any'} {...rest} /> : <input type="text" {...rest} />}
      {hint !== undefined && <span class="hint">{hint}</span>}
    </label>
  )
}

const numbers: ReadonlySet<string> = new Set([
  'daily_cap_usd',
  'monthly_cap_usd',
  'budget_usd',
  'requests_per_minute',
  'tokens_per_minute',
  'concurrent_turns',
])

/** What was left empty is not sent. */
function bodyOf(form: FormData): object {
  const entries = [...form].map(([name, value]): readonly [string, unknown] => [name, valueOf(name, String(value).trim())])
  return Object.fromEntries(entries.filter(([, value]) => value !== ''))
}

function valueOf(name: string, text: string): unknown {
  if (text === '') return ''
  if (numbers.has(name)) return Number(text)
  if (name === 'create') return true
  return name === 'allowed_models' ? text.split(/[\s,]+/) : text
}
