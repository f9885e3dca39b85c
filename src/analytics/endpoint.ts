// What an analytics endpoint is: a path, its own parameters beside the common ones, and a read whose result goes into the
// one envelope. Queries are read strictly: a parameter that is mistyped must not show somebody else's money.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { PriceCatalog } from '../catalog/prices.ts'
import type { Database } from '../store/schema.ts'
import { filterFields, filtersOf, type Filters } from './filters.ts'
import { InvalidParameter } from './invalid-parameter.ts'
import { isoOf, windowFields, windowOf, type Window } from './window.ts'

/** What every read stands on. */
export interface AnalyticsContext {
  readonly db: Kysely<Database>
  readonly prices: PriceCatalog
  readonly nowUs: number
}

/** The calls that a query is about. */
export interface Scope {
  readonly window: Window
  readonly filters: Filters
}

export interface Envelope {
  readonly window: { readonly start: string; readonly end: string }
  readonly current_pricing_version: string
  readonly data: unknown
}

export interface Endpoint {
  readonly path: string
  /** @throws InvalidParameter */
  answer(context: AnalyticsContext, search: URLSearchParams): Promise<Envelope>
}

export function defineEndpoint<Fields extends z.ZodRawShape>(definition: {
  readonly path: string
  /** Parameters beyond window and filters. */
  readonly fields: Fields
  read(context: AnalyticsContext, scope: Scope, own: z.output<z.ZodObject<Fields>>): Promise<unknown>
}): Endpoint {
  const own = z.object(definition.fields)
  const known = [...Object.keys(common.shape), ...Object.keys(definition.fields)]
  return {
    path: definition.path,
    async answer(context, search) {
      const given = givenOnce(search, known)
      const asked = parse(common, given)
      const window = windowOf(asked, context.nowUs)
      const data = await definition.read(context, { window, filters: filtersOf(asked) }, parse(own, given))
      return {
        window: { start: isoOf(window.startUs), end: isoOf(window.endUs) },
        current_pricing_version: context.prices.version,
        data,
      }
    },
  }
}

const common = z.object({ ...windowFields, ...filterFields })

function givenOnce(search: URLSearchParams, known: readonly string[]): Readonly<Record<string, string>> {
  const given = new Map<string, string>()
  for (const [name, value] of search) {
    if (!known.includes(name)) throw new InvalidParameter(name, `is not a parameter here; there are ${known.join(', ')}`)
    if (given.has(name)) throw new InvalidParameter(name, 'must be given once')
    given.set(name, value)
  }
  return Object.fromEntries(given)
}

function parse<Output>(schema: z.ZodType<Output>, given: Readonly<Record<string, string>>): Output {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new InvalidParameter(String(issue?.path[0] ?? 'query'), issue?.message ?? 'is not valid')
}
