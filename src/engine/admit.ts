// Whether this turn may happen at all, before anything is sent: the model is allowed, then every limit says yes.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Principal } from '../ir/principal.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import { isModelAllowed } from '../routing/allowed-models.ts'

export interface Admission {
  readonly principal: Principal
  readonly request: LanguageModelRequest
  readonly target: ModelRef
  /** The client's session, where it names one. */
  readonly sessionId: string | null
}

/** A cap, a rate, a brake: null = go on. */
export type Limit = (admission: Admission) => GatewayError | null | Promise<GatewayError | null>

/** The first refusal, or null. */
export async function admit(admission: Admission, limits: readonly Limit[]): Promise<GatewayError | null> {
  const forbidden = modelForbidden(admission)
  if (forbidden !== null) return forbidden
  for (const limit of limits) {
    const asked = limit(admission)
    // Most limits know at once, and each wait is a turn of the loop for everybody.
    const refusal = asked instanceof Promise ? await asked : asked
    if (refusal !== null) return refusal
  }
  return null
}

function modelForbidden({ principal, request, target }: Admission): GatewayError | null {
  if (isModelAllowed(principal.allowedModels, request.model, target)) return null
  return new GatewayError(
    'auth',
    'model_not_allowed',
    `This key may not use the model "${formatModelRef(target)}". Allowed: ${principal.allowedModels.join(', ')}.`,
    { param: 'model', fields: { model: formatModelRef(target) } },
  )
}
