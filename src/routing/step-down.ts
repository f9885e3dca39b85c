// A cheaper model when a budget runs low (`step_down` in the configuration): late in the month everybody still works.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Budget, Spend, SpendScope } from '../store/spend.ts'
import { resolveModel } from './resolve.ts'
import type { RouteRequest } from './route-request.ts'
import type { RoutingTables } from './tables.ts'
import { validationFailureOf } from './validate.ts'

/** null = the model that was chosen stays. */
export function cheaperOf(
  target: ModelRef,
  request: RouteRequest,
  tables: RoutingTables,
): { readonly model: ModelRef; readonly reason: string } | null {
  const { stepDown } = tables.config
  if (stepDown === null || request.principal.caps.length === 0) return null
  const name = stepDown.models[formatModelRef(target)]
  const spend = tables.spend()
  if (name === undefined || spend === null) return null
  const tightest = tightestOf(request, spend)
  if (tightest === null || tightest.budget.leftShare >= stepDown.belowShare) return null
  const model = resolveModel(name, request.shape, tables)
  if (model instanceof GatewayError || validationFailureOf(model, request.traits, tables) !== null) return null
  const percent = Math.floor(tightest.budget.leftShare * 100)
  return { model, reason: `steps down from ${formatModelRef(target)}: ${percent} % of the ${tightest.scope}'s budget is left` }
}

function tightestOf({ principal }: RouteRequest, spend: Spend): { scope: SpendScope; budget: Budget } | null {
  const scopes = [
    ['key', principal.keyId],
    ['user', principal.userId],
    ['team', principal.teamId],
  ] as const
  return scopes.reduce<{ scope: SpendScope; budget: Budget } | null>((tightest, [scope, id]) => {
    const budget = spend.budgetOf(scope, id)
    if (budget === null || (tightest !== null && tightest.budget.leftShare <= budget.leftShare)) return tightest
    return { scope, budget }
  }, null)
}
