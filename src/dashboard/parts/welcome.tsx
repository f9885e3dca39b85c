// Before the first call: the lines that lead to it. The page looks again by itself, so the first call replaces it.
import type { JSX } from 'preact'
import { gatewayUrlOf } from '../gateway-url.ts'
import { Copyable } from './copyable.tsx'

export function Welcome(): JSX.Element {
  const gateway = gatewayUrlOf(location)
  const steps: readonly (readonly [title: string, text: string])[] = [
    ['Issue a key for a project; the token is printed this once', 'metis-gateway issue-key --name my-laptop --workspace .'],
    ['Start the gateway, if it is not running yet', 'metis-gateway'],
    ['Claude Code, and the SDKs of Anthropic', `export ANTHROPIC_BASE_URL="${gateway}"\nexport ANTHROPIC_API_KEY="gw_..."`],
    ['The SDKs of OpenAI, and what is built on them', `export OPENAI_BASE_URL="${gateway}/v1"\nexport OPENAI_API_KEY="gw_..."`],
    [
      'Or one call by hand',
      `curl ${gateway}/v1/messages -H "x-api-key: gw_..." -H "anthropic-version: 2023-06-01" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "haiku", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]}'`,
    ],
  ]
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <div>
        <h2 id="welcome-title">No calls yet</h2>
        <p class="muted">Point a tool at the gateway and make a call. It appears here within seconds.</p>
      </div>
      <ol class="steps">
        {steps.map(([title, text]) => (
          <li key={title} class="step">
            <h3>{title}</h3>
            <Copyable label={title} text={text} />
          </li>
        ))}
      </ol>
    </section>
  )
}
