// One turn: what became of it, why this model, what it cost line by line, and its events as they are in the trace.
import type { JSX } from 'preact'
import type { TurnDetail } from '../answers.ts'
import { query, useAnswers } from '../api.ts'
import { formatCount, formatMs, formatShare, formatTime } from '../format.ts'
import { Money } from '../parts/money.tsx'
import { useNames } from '../parts/identity-names.ts'
import { FilterName, Go, Name } from '../parts/name.tsx'
import { StatusTag } from '../parts/status-tag.tsx'
import { Tile } from '../parts/tile.tsx'
import { Attempts, PriceLines } from './turn-price.tsx'
import { Events, Routing } from './turn-trace.tsx'

export interface TurnAnswer {
  readonly data: TurnDetail
}

const everyMs = 3000
const hasEnded = ({ data }: TurnAnswer): boolean => data.ended_at !== null

export function TurnPage({ id }: { readonly id: string }): JSX.Element {
  const answers = useAnswers({ turn: query<TurnAnswer>(`/analytics/turns/${encodeURIComponent(id)}`, everyMs, hasEnded) })
  const turn = answers.all?.turn.data
  return (
    <>
      <div class="page-head">
        <Go to={{ turn: null }}>All turns</Go>
        <code class="muted">{id}</code>
      </div>
      <div class="tiles">
        <Tile
          id="turn"
          title="Turn"
          answers={answers}
          actions={() => turn && <StatusTag status={turn.status} why={turn.call?.error_class ?? null} />}
        >
          {({ turn: { data } }) => <Facts turn={data} />}
        </Tile>
        {turn !== undefined && (
          <>
            <Routing turn={turn} />
            <PriceLines turn={turn} />
            <Attempts turn={turn} />
            <Events turn={turn} />
          </>
        )}
      </div>
    </>
  )
}

function Facts({ turn }: { readonly turn: TurnDetail }) {
  const { call, routing } = turn
  const facts: readonly (readonly [term: string, value: JSX.Element | string])[] = [
    ['Started', formatTime(turn.started_at)],
    ['Ended', turn.ended_at === null ? 'still running' : formatTime(turn.ended_at)],
    ['Asked for', <Name key="asked" id={(call?.requested_model ?? routing?.requested_model) || null} none="no model" />],
    ['Answered by', <FilterName key="model" filter="model" id={call?.model ?? routing?.chosen_model ?? null} none="nobody" />],
    ...failureFacts(turn),
    ['Session', <FilterName key="session" filter="session" id={turn.session_id} none="none" />],
    ...(call === null ? [] : callFacts(call)),
    ...(turn.feedback === null ? [] : [['Feedback', formatShare(turn.feedback.rating)] as const]),
  ]
  return (
    <dl class="facts">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What only the events say: why it failed, and why it was refused before there was a call. */
function failureFacts({ events }: TurnDetail): readonly (readonly [string, JSX.Element])[] {
  const told = new Map(events.flatMap(({ payload }) => Object.entries(payload)))
  const facts = [
    ['Error', told.get('error_code')],
    ['Message', told.get('error_message_redacted')],
  ] as const
  return facts.flatMap(([term, text]) =>
    typeof text === 'string' && text !== '' ? [[term, <Name key={term} id={text} none="" />] as const] : [],
  )
}

function callFacts(call: NonNullable<TurnDetail['call']>): readonly (readonly [string, JSX.Element | string])[] {
  return [
    ['Cost', <Money key="cost" usd={call.cost_usd} />],
    ...(call.list_price_usd === null ? [] : [['At list price', <Money key="list" usd={call.list_price_usd} />] as const]),
    ['Counted', call.cost_basis.replaceAll('_', ' ')],
    ['Latency', formatMs(call.latency_ms)],
    ['First token', call.ttft_ms === null ? '—' : formatMs(call.ttft_ms)],
    ['Stopped by', call.stop_reason ?? '—'],
    ['Tool calls', formatCount(call.tool_calls)],
    ['Inbound shape', call.inbound_shape ?? 'in-process'],
    ['Streamed', call.stream ? 'yes' : 'no'],
    ['Client', <FilterName key="client" filter="client" id={call.client} none="unknown" />],
    ['Key', <Identity key="key" filter="gateway_key" id={call.gateway_key_id} none="agent-loop" />],
    ['User', <Identity key="user" filter="user" id={call.user_id} none="untagged" />],
    ['Team', <Identity key="team" filter="team" id={call.team_id} none="untagged" />],
    ['Project', <FilterName key="project" filter="project" id={call.project} none="none" />],
    ['Branch', <Name key="branch" id={call.branch} none="none" />],
  ]
}

interface IdentityProps {
  readonly filter: 'gateway_key' | 'user' | 'team'
  readonly id: string | null
  readonly none: string
}

function Identity({ filter, id, none }: IdentityProps) {
  const nameOf = useNames(filter)
  return <FilterName filter={filter} id={id} name={id === null ? null : nameOf(id)} none={none} />
}
