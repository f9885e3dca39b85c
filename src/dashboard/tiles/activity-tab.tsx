// Activity: what runs now, what ran last, and, when a turn is chosen, all that is known of it.
import type { JSX } from 'preact'
import { WithTraffic } from '../parts/with-traffic.tsx'
import { parameter } from '../state.ts'
import { InFlight } from './in-flight.tsx'
import { RecentSessions } from './recent-sessions.tsx'
import { RecentTurns } from './recent-turns.tsx'
import { TurnPage } from './turn-page.tsx'

export function ActivityTab(): JSX.Element {
  const turn = parameter('turn')
  if (turn !== null) return <TurnPage id={turn} />
  return (
    <WithTraffic>
      <div class="tiles">
        <InFlight />
        <RecentTurns />
        <RecentSessions />
      </div>
    </WithTraffic>
  )
}
