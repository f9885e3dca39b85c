// Before the first call: what leads to it, as it works where serve runs. The page looks again by itself, so the first call
// replaces it.
import type { JSX } from 'preact'
import { gatewayUrlOf } from '../gateway-url.ts'
import { Copyable } from './copyable.tsx'
import { Go } from './name.tsx'
import { useServerless } from './serverless.ts'

interface Step {
  readonly title: string
  /** Before the lines. */
  readonly said?: JSX.Element
  readonly text: string
}

export function Welcome(): JSX.Element {
  const isServerless = useServerless()
  const steps = isServerless === null ? [] : stepsOf(isServerless)
  return (
    <section class="welcome" aria-labelledby="welcome-title" aria-busy={isServerless === null}>
      <div>
        <h2 id="welcome-title">No calls yet</h2>
        <p class="muted">Point a tool at the gateway and make a call. It appears here within seconds.</p>
      </div>
      <ol class="steps">
        {steps.map(({ title, said, text }) => (
          <li key={title} class="step">
            <h3>{title}</h3>
            {said}
            <Copyable label={title} text={text} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function stepsOf(isServerless: boolean): readonly Step[] {
  const gateway = gatewayUrlOf(location, isServerless)
  return [
    ...(isServerless ? [issueOverHttp(location.origin)] : onMachine),
    {
      title: 'Claude Code, and the SDKs of Anthropic',
      text: `export ANTHROPIC_BASE_URL="${gateway}"\nexport ANTHROPIC_API_KEY="gw_..."`,
    },
    {
      title: 'The SDKs of OpenAI, and what is built on them',
      text: `export OPENAI_BASE_URL="${gateway}/v1"\nexport OPENAI_API_KEY="gw_..."`,
    },
    {
      title: 'Or one call by hand',
      text: `curl ${gateway}/v1/messages -H "x-api-key: gw_..." -H "anthropic-version: 2023-06-01" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "haiku", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]}'`,
    },
  ]
}

const issueTitle = 'Issue a key for a project; the token is shown this once'

function issueHere(otherwise: string): JSX.Element {
  return (
    <p class="muted">
      Here, under <Go to={{ tab: 'keys' }}>Keys</Go>, or {otherwise}:
    </p>
  )
}

const onMachine: readonly Step[] = [
  {
    title: issueTitle,
    said: issueHere('in a terminal'),
    text: 'metis-gateway issue-key --name my-laptop --workspace .',
  },
  { title: 'Start the gateway, if it is not running yet', text: 'metis-gateway' },
]

const issueOverHttp = (serve: string): Step => ({
  title: issueTitle,
  said: issueHere('over HTTP with the admin token'),
  text: `curl -s ${serve}/admin/keys -H "authorization: Bearer $METIS_ADMIN_TOKEN" \\\n  -H "content-type: application/json" -d '{"name": "my-laptop", "workspace": "my-project"}'`,
})
