// Every analytics endpoint; serve mounts each at its path.
import { byKey } from './by-key.ts'
import { byTeam } from './by-team.ts'
import { byUser } from './by-user.ts'
import { cacheEffectiveness } from './cache-effectiveness.ts'
import { cost } from './cost.ts'
import type { Endpoint } from './endpoint.ts'

export const endpoints: readonly Endpoint[] = [cost, byKey, byTeam, byUser, cacheEffectiveness]
