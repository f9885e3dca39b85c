// Slot 1: the model the client passes wins.
import type { Slot } from '../slot.ts'

export const perMessageOverride: Slot = {
  policy: 'per_message_override',
  propose(request) {
    if (request.principal.ignoreClientModel) return { model: null, reason: "the key ignores the client's model" }
    if (request.requestedModel === '') return { model: null, reason: 'the request names no model' }
    return { model: request.requestedModel, reason: "the request's model" }
  },
}
