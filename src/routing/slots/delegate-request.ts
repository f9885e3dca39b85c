// Slot 5: the request leaves the choice to the gateway: `metis://cheap`, `metis://best`, and `metis://auto` where no default
// is configured that would decide.
import { formatModelRef } from '../../catalog/models.ts'
import { isModelAllowed } from '../allowed-models.ts'
import { delegationOf, type Delegation } from '../resolve.ts'
import type { RouteRequest } from '../route-request.ts'
import type { Proposal, Slot } from '../slot.ts'
import type { RoutingTables } from '../tables.ts'
import { validationFailureOf } from '../validate.ts'
import { globalDefault } from './global-default.ts'
import { workspaceDefault } from './workspace-default.ts'

const none = { model: null, reason: 'the request leaves no choice' } as const

export const delegateRequest: Slot = {
  policy: 'delegate_request',
  propose(request, tables) {
    const delegation = askedOf(request, tables)
    if (delegation === null) return none
    if (delegation === 'auto' && [workspaceDefault, globalDefault].some((slot) => slot.propose(request, tables).model !== null))
      return { model: null, reason: 'a default model is configured' }
    return choice(delegation, request, tables)
  },
}

function askedOf(request: RouteRequest, tables: RoutingTables): Delegation | null {
  if (request.requestedModel === '') return request.delegates ? 'auto' : null
  return request.principal.ignoreClientModel ? null : delegationOf(request.requestedModel, tables)
}

function choice(delegation: Delegation, request: RouteRequest, tables: RoutingTables): Proposal {
  const ranked = delegation === 'best' ? tables.ranking.best() : tables.ranking.cheapest()
  const model = ranked.find(
    (one) =>
      isModelAllowed(request.principal.allowedModels, request.requestedModel, one) &&
      validationFailureOf(one, request.traits, tables) === null,
  )
  const what = delegation === 'best' ? 'best' : 'cheapest'
  if (model === undefined) return { model: null, reason: `no configured model with a known price can take the request` }
  return { model: formatModelRef(model), reason: `the ${what} of the models that can take the request` }
}
