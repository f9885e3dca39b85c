// Slot 2: the model that was chosen for the whole session (`PATCH /sessions/{id}`, `/model` in chat).
import type { Slot } from '../slot.ts'

export const manualSticky: Slot = {
  policy: 'manual_sticky',
  propose(request) {
    return request.stickyModel === null
      ? { model: null, reason: 'no model was chosen for a session' }
      : { model: request.stickyModel, reason: "the session's model" }
  },
}
