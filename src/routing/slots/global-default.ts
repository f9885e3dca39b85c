// Slot 7: `default_model` of the configuration.
import type { Slot } from '../slot.ts'

export const globalDefault: Slot = {
  policy: 'global_default',
  propose(_request, { config }) {
    return config.defaultModel === null
      ? { model: null, reason: 'no default_model is configured' }
      : { model: config.defaultModel, reason: 'the configured default_model' }
  },
}
