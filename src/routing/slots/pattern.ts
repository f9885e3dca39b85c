// Slot 4: the model that did well at turns like this one. Off until it is switched on.
import { GatewayError } from '../../ir/errors.ts'
import { isModelAllowed } from '../allowed-models.ts'
import type { Recommendation, Scored } from '../patterns/recommend.ts'
import { resolveModel } from '../resolve.ts'
import type { Slot } from '../slot.ts'
import { validationFailureOf } from '../validate.ts'

const off = { model: null, reason: 'pattern routing is off' } as const

export const pattern: Slot = {
  policy: 'pattern',
  propose(request, tables) {
    if (tables.patterns === null) return off
    const found = tables.patterns.recommend(request, (name) => {
      const target = resolveModel(name, request.shape, tables)
      if (target instanceof GatewayError || !isModelAllowed(request.principal.allowedModels, name, target)) return false
      return validationFailureOf(target, request.traits, tables) === null
    })
    if (found === null) return { model: null, reason: 'the request has no words to go by, or is no conversation' }
    return { model: found.model, reason: reasonOf(found) }
  },
}

/** The recommendation and who else was considered, for whoever reads the trace. */
function reasonOf({ model, scored, neighbours }: Recommendation): string {
  if (scored.length === 0) return `too few turns like it are known (${neighbours})`
  const listed = scored.slice(0, 4).map(wordsOf).join(', then ')
  return `${model === null ? 'not sure enough' : 'did best'} at ${neighbours} turns like it: ${listed}`
}

function wordsOf({ model, samples, success, costEfficiency, score, confidence }: Scored): string {
  const [s, w, c, q] = [score, success, costEfficiency, confidence].map((value) => value.toFixed(2))
  return `${model} ${s} (success ${w}, cost efficiency ${c}, confidence ${q}, ${samples} turns)`
}
