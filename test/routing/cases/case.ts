// A set-up, a request, and who answers it (contract.md §3); what several tables share.
import type { Config } from '../../../src/config/schema.ts'
import type { Shape } from '../../../src/ir/stream.ts'
import type { RequestTraits } from '../../../src/ir/request.ts'
import type { Principal } from '../../../src/ir/principal.ts'
import { configWith } from '../../catalog/config.ts'

export interface RoutingCase {
  readonly claim: string
  readonly config: Config
  readonly model: string
  readonly shape?: Shape
  readonly traits?: Partial<RequestTraits>
  readonly principal?: Partial<Principal>
  /** The canonical id that answers; null = refused. */
  readonly winner: string | null
  /** Of the refusal. */
  readonly code?: 'model_not_found' | 'routing_failed'
  /** One word a slot, in the order of precedence: n(ot applicable), d(eferred), r(ejected) and why, c(hose). */
  readonly chain: readonly string[]
}

export const both = configWith(['anthropic', 'openai'])
export const local = { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1' } as const

/** Slot 1 wins, nobody else is asked. */
export const chosen = ['c']
/** The two slots below the first, where nothing is configured. */
export const nothingElse = ['n', 'n']

export const withDefaults = configWith(['anthropic', 'openai'], {
  default_model: 'openai:gpt-5-mini',
  workspaces: { '/srv/shop': { default_model: 'haiku' }, '/srv/empty': {} },
})
