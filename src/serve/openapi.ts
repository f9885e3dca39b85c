// `/openapi.json`: serve's API in words that other programs read, made from the schemas that its paths are held to.
import * as z from 'zod'
import type { Endpoint } from '../analytics/endpoint.ts'

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** With `{name}` where a parameter stands. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** By status; those that every operation has are added. */
  readonly responses: Readonly<Record<string, object>>
}

/** `version` is the API's own document's: the program's. */
export function openApiOf(operations: readonly Operation[], version: string): object {
  const paths = [...new Set(operations.map(({ path }) => path))]
  const methodsOf = (path: string) =>
    operations.filter((operation) => operation.path === path).map((operation) => [operation.method, described(operation)])
  return {
    openapi: '3.1.0',
    info: {
      title: 'metis-gateway serve',
      version,
      description:
        'What calls cost, who made them and how they went; and sessions. Versions: Metis-API-Version in requests and answers.',
    },
    paths: Object.fromEntries(paths.map((path) => [path, Object.fromEntries(methodsOf(path))])),
    components: { schemas: { Error: schemaOf(errorBody, 'output') } },
  }
}

/** An endpoint of analytics. */
export function endpointOperation({ path, summary, query, answerSchema }: Endpoint): Operation {
  const id = path
    .replace(/^\/analytics\//, '')
    .replaceAll(/\W+/g, '_')
    .replace(/_$/, '')
  const notFound = path.includes('{') ? { 404: errorResponse('There is nothing of this id.') } : {}
  return { method: 'get', path, id, summary, query, responses: { 200: jsonResponse('Fine.', answerSchema), ...notFound } }
}

/** Some have more to say: which slots were tried, which cap was reached. */
const errorBody = z.object({ error: z.looseObject({ code: z.string(), message: z.string() }) })

function described({ path, id, summary, query, body, responses }: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? [])
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, field]) => ({
    name,
    in: 'query',
    required: !z.safeParse(field, undefined).success,
    schema: schemaOf(field, 'input'),
  }))
  const content = body === undefined ? null : { 'application/json': { schema: schemaOf(body, 'input') } }
  return {
    operationId: id,
    summary,
    parameters: [...inPath, ...inQuery],
    ...(content === null ? {} : { requestBody: { required: true, content } }),
    responses: {
      400: errorResponse(
        content === null ? 'A parameter is not valid: invalid_<parameter>.' : 'The body or a parameter is not valid.',
      ),
      401: errorResponse('The admin token is needed.'),
      ...responses,
    },
  }
}

export function jsonResponse(description: string, schema: z.ZodType, otherContent: object = {}): object {
  return { description, content: { 'application/json': { schema: schemaOf(schema, 'output') }, ...otherContent } }
}

/** A stream of `schema`s, one after another. */
export const linesResponse = (description: string, schema: z.ZodType): object => ({
  description,
  content: { 'application/x-ndjson': { schema: schemaOf(schema, 'output') } },
})

export const errorResponse = (description: string): object => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
