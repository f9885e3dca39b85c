// What an analytics endpoint is: a path, its parameters, the schema of its answer, and a read that makes it. The schemas are
// what /openapi.json is made from. Queries are read strictly: a parameter that is mistyped must not show somebody else's money.
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

export interface Asked {
  readonly search: URLSearchParams
  /** What stands in the path's braces. */
  readonly parameters: Readonly<Record<string, string>>
}

export interface Endpoint {
  /** With `{name}` where a parameter stands. */
  readonly path: string
  readonly summary: string
  readonly query: z.ZodObject
  readonly answerSchema: z.ZodObject
  /** null: there is no such thing. @throws InvalidParameter */
  answer(context: AnalyticsContext, asked: Asked): Promise<object | null>
}

/** One that says what its answers' `data` is. */
export interface EndpointOf<Data extends z.ZodType> extends Endpoint {
  readonly data: Data
}

/** `data` of an endpoint's answers, as a type: what the dashboard reads. */
export type DataOf<Of extends EndpointOf<z.ZodType>> = z.output<Of['data']>

/** Around it; without a window where the question has none. */
export interface Envelope {
  readonly window: z.output<typeof windowSchema>
  readonly current_pricing_version: string
}

export const windowSchema = z.object({ start: z.string(), end: z.string() })

/** What an answer has beside window and version. */
type Reading<Data extends z.ZodType, Beside extends z.ZodRawShape> = { readonly data: z.output<Data> } & z.output<
  z.ZodObject<Beside>
>

/** An endpoint about the calls of a window. */
export function defineEndpoint<
  Fields extends z.ZodRawShape,
  Data extends z.ZodType,
  Beside extends z.ZodRawShape = Record<never, never>,
>(definition: {
  readonly path: string
  readonly summary: string
  /** Parameters beyond window and filters. */
  readonly fields: Fields
  readonly data: Data
  /** What stands beside `data` in the envelope. */
  readonly beside?: Beside
  read(context: AnalyticsContext, scope: Scope, own: z.output<z.ZodObject<Fields>>): Promise<Reading<Data, Beside>>
}): EndpointOf<Data> {
  const own = z.object(definition.fields)
  const query = z.object({ ...common.shape, ...definition.fields })
  return {
    path: definition.path,
    summary: definition.summary,
    data: definition.data,
    query,
    answerSchema: z.object({ window: windowSchema, ...envelope, data: definition.data, ...definition.beside }),
    async answer(context, { search }) {
      const given = givenOnce(search, Object.keys(query.shape))
      const asked = parse(common, given)
      const window = windowOf(asked, context.nowUs)
      const reading = await definition.read(context, { window, filters: filtersOf(asked) }, parse(own, given))
      return { window: windowOfAnswer(window), current_pricing_version: context.prices.version, ...reading }
    },
  }
}

/** An endpoint about one thing, or about this moment: no window. */
export function defineLookup<Fields extends z.ZodRawShape, Data extends z.ZodType>(definition: {
  readonly path: string
  readonly summary: string
  readonly fields: Fields
  readonly data: Data
  /** null: there is no such thing. */
  read(
    context: AnalyticsContext,
    own: z.output<z.ZodObject<Fields>>,
    parameters: Readonly<Record<string, string>>,
  ): Promise<z.output<Data> | null>
}): EndpointOf<Data> {
  const query = z.object(definition.fields)
  return {
    path: definition.path,
    summary: definition.summary,
    data: definition.data,
    query,
    answerSchema: z.object({ ...envelope, data: definition.data }),
    async answer(context, { search, parameters }) {
      const own = parse(query, givenOnce(search, Object.keys(query.shape)))
      const data = await definition.read(context, own, parameters)
      return data === null ? null : { current_pricing_version: context.prices.version, data }
    },
  }
}

export const windowOfAnswer = ({ startUs, endUs }: Window) => ({ start: isoOf(startUs), end: isoOf(endUs) })

const envelope = { current_pricing_version: z.string() }
const common = z.object({ ...windowFields, ...filterFields })

function givenOnce(search: URLSearchParams, known: readonly string[]): Readonly<Record<string, string>> {
  const given = new Map<string, string>()
  for (const [name, value] of search) {
    if (!known.includes(name)) {
      throw new InvalidParameter(
        name,
        `is not a parameter here; there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}`,
      )
    }
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
