// A token that was just made, with what to do with it. It is nowhere else from here on.
import type { JSX } from 'preact'
import { gatewayUrlOf } from '../gateway-url.ts'
import { Copyable } from './copyable.tsx'
import { useServerless } from './serverless.ts'

export interface Issued {
  readonly key_id: string
  readonly token: string
}

export function NewToken({ issued, close }: { readonly issued: Issued; close(): void }): JSX.Element {
  const isServerless = useServerless()
  return (
    <div class="steps">
      <p class="hint">The token is shown this once: only its hash is kept.</p>
      <Copyable label="token" text={issued.token} />
      {isServerless !== null && <SetupLines gateway={gatewayUrlOf(location, isServerless)} token={issued.token} />}
      <div class="dialog-foot">
        <button type="button" class="primary" onClick={close}>
          Done
        </button>
      </div>
    </div>
  )
}

function SetupLines({ gateway, token }: { readonly gateway: string; readonly token: string }) {
  return (
    <>
      <Copyable
        label="lines for Claude Code"
        text={`export ANTHROPIC_BASE_URL="${gateway}"\nexport ANTHROPIC_API_KEY="${token}"`}
      />
      <Copyable
        label="lines for the OpenAI SDKs"
        text={`export OPENAI_BASE_URL="${gateway}/v1"\nexport OPENAI_API_KEY="${token}"`}
      />
    </>
  )
}

/** What `/admin/keys` answers to a key made; null when it is something else. */
export function issuedIn(body: unknown): Issued | null {
  if (typeof body !== 'object' || body === null) return null
  const [id, token]: readonly unknown[] = [Reflect.get(body, 'key_id'), Reflect.get(body, 'token')]
  return typeof id === 'string' && typeof token === 'string' ? { key_id: id, token } : null
}
