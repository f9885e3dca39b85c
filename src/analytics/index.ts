// Every analytics endpoint; serve mounts each at its path.
import { byKey } from './by-key.ts'
import { byTeam } from './by-team.ts'
import { byUser } from './by-user.ts'
import { cacheEffectiveness } from './cache-effectiveness.ts'
import { cost } from './cost.ts'
import type { Endpoint } from './endpoint.ts'
import { inflight } from './inflight.ts'
import { reliability } from './reliability.ts'
import { routing } from './routing.ts'
import { savings } from './savings.ts'
import { sessions } from './sessions.ts'
import { turn } from './turn.ts'
import { turns } from './turns.ts'
import { whatIf } from './what-if.ts'

export const endpoints: readonly Endpoint[] = [
  cost,
  byKey,
  byTeam,
  byUser,
  cacheEffectiveness,
  savings,
  whatIf,
  routing,
  reliability,
  sessions,
  turns,
  turn,
  inflight,
]
