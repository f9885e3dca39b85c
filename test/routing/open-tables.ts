// Routing tables for tests, with the shipped price list loaded and a clock that a test moves; and the question they are asked.
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import type { Config } from '../../src/config/schema.ts'
import type { Principal } from '../../src/ir/principal.ts'
import type { RequestTraits } from '../../src/ir/request.ts'
import { presets } from '../../src/providers/presets.ts'
import type { RouteRequest } from '../../src/routing/route-request.ts'
import { createRoutingTables, type RoutingParts, type RoutingTables } from '../../src/routing/tables.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { principalWith, traitsWith } from '../support/principals.ts'

export type OpenTables = (config: Config, more?: Partial<RoutingParts>) => RoutingTables

/** The list is loaded once, and is the same for every configuration. */
export async function openTables(): Promise<OpenTables> {
  const list = await import('@pydantic/genai-prices')
  const load = Promise.resolve(list)
  await load
  return (config, more = {}) => {
    const prices = createPriceCatalog(config, () => load)
    void prices.ready()
    return createRoutingTables({
      config,
      models: createModelCatalog(config),
      known: new Set(presets.map((preset) => preset.name)),
      prices,
      clock: fakeClock(),
      logger: { log: () => undefined },
      ...more,
    })
  }
}

export interface Question {
  readonly requestedModel?: string
  readonly shape?: RouteRequest['shape']
  readonly principal?: Partial<Principal> | undefined
  readonly traits?: Partial<RequestTraits> | undefined
  readonly tags?: Readonly<Record<string, string>>
  readonly stickyModel?: string | null
  readonly endpoint?: RouteRequest['endpoint']
  readonly delegates?: boolean
  readonly content?: RouteRequest['content']
}

export function routeRequestWith(question: Question): RouteRequest {
  return {
    requestedModel: '',
    shape: 'anthropic',
    tags: {},
    stickyModel: null,
    delegates: false,
    content: () => ({ system: [], messages: [], tools: [], stop: [], unmapped: {} }),
    ...question,
    principal: principalWith(question.principal),
    traits: traitsWith(question.traits),
  }
}
