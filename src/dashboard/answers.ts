// What the endpoints answer, as their own schemas say it: a field that changes there is a type error here.
import type { byKey } from '../analytics/by-key.ts'
import type { byTeam } from '../analytics/by-team.ts'
import type { byUser } from '../analytics/by-user.ts'
import type { cacheEffectiveness } from '../analytics/cache-effectiveness.ts'
import type { DataOf } from '../analytics/endpoint.ts'
import type { inflight } from '../analytics/inflight.ts'
import type { reliability } from '../analytics/reliability.ts'
import type { routing } from '../analytics/routing.ts'
import type { savings } from '../analytics/savings.ts'
import type { sessions } from '../analytics/sessions.ts'
import type { turn } from '../analytics/turn.ts'
import type { turns } from '../analytics/turns.ts'
import type { whatIf } from '../analytics/what-if.ts'

export type KeySpend = DataOf<typeof byKey>[number]
export type TeamSpend = DataOf<typeof byTeam>[number]
export type TeamUserSpend = TeamSpend['by_user'][number]
export type UserSpend = DataOf<typeof byUser>[number]
export type CacheEffect = DataOf<typeof cacheEffectiveness>[number]
export type InFlight = DataOf<typeof inflight>
export type InFlightTurn = InFlight['turns'][number]
export type Reliability = DataOf<typeof reliability>
export type ModelReliability = Reliability['by_model'][number]
export type Percentiles = NonNullable<ModelReliability['latency_ms']>
export type Routing = DataOf<typeof routing>
export type Savings = DataOf<typeof savings>
export type SessionRow = DataOf<typeof sessions>[number]
export type TurnDetail = DataOf<typeof turn>
export type TurnRow = DataOf<typeof turns>[number]
export type ChainEntry = NonNullable<TurnDetail['routing']>['chain'][number]
export type PriceLine = TurnDetail['price_lines'][number]
export type Attempt = TurnDetail['attempt_log'][number]
export type WhatIf = DataOf<typeof whatIf>
