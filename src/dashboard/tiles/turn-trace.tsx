// Why this model: the slots that were tried, in order. And the turn's events, each with all that it says.
import type { JSX } from 'preact'
import type { ChainEntry, TurnDetail } from '../answers.ts'
import { formatMs } from '../format.ts'
import { Name } from '../parts/name.tsx'
import { Instant } from '../parts/turn-columns.tsx'

interface Of {
  readonly turn: TurnDetail
}

export function Routing({ turn }: Of): JSX.Element {
  const { routing } = turn
  return (
    <section class="tile half" aria-labelledby="why-title">
      <div class="tile-head">
        <h2 id="why-title">Why this model</h2>
        {routing !== null && <span class="status">{`decided in ${formatMs(routing.elapsed_ms)}`}</span>}
      </div>
      {routing === null || routing.chain.length === 0 ? (
        <p class="empty">It was refused before any model was looked for.</p>
      ) : (
        <ol class="chain">
          {routing.chain.map((entry, index) => (
            <Slot key={index} entry={entry} number={index + 1} isChosen={index === routing.winner_index} />
          ))}
        </ol>
      )}
    </section>
  )
}

function Slot({ entry, number, isChosen }: { readonly entry: ChainEntry; readonly number: number; readonly isChosen: boolean }) {
  const why = [entry.rule_name, entry.validation_failure?.replaceAll('_', ' '), entry.reason].filter((text) => text)
  return (
    <li class={isChosen ? 'chosen' : undefined}>
      <span class="muted">{number}</span>
      <span>{entry.policy.replaceAll('_', ' ')}</span>
      <span>
        <span class={`tag ${isChosen ? 'good' : entry.verdict === 'rejected' ? 'bad' : ''}`}>
          {entry.verdict.replaceAll('_', ' ')}
        </span>{' '}
        {entry.candidate_model !== null && <Name id={entry.candidate_model} none="" />}
        {why.length > 0 && <div class="muted">{why.join(' · ')}</div>}
      </span>
    </li>
  )
}

export function Events({ turn }: Of): JSX.Element {
  return (
    <section class="tile" aria-labelledby="events-title">
      <div class="tile-head">
        <h2 id="events-title">Events</h2>
      </div>
      <ol class="events">
        {turn.events.map((event) => (
          <li key={event.id}>
            <details>
              <summary>
                <Instant iso={event.timestamp} />
                <strong>{event.type}</strong>
                <code class="muted">{event.id}</code>
              </summary>
              <pre tabIndex={0} aria-label={`Payload of ${event.type}`}>
                {JSON.stringify(event.payload, null, 2)}
              </pre>
            </details>
          </li>
        ))}
      </ol>
    </section>
  )
}
