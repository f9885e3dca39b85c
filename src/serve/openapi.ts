// `/openapi.json`: the analytics API in words that other programs read, made from the schemas that the endpoints are held to.
import * as z from 'zod'
import type { Endpoint } from '../analytics/endpoint.ts'

/** `version` is the API's own document's: the program's. */
export function openApiOf(endpoints: readonly Endpoint[], version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'metis-gateway analytics',
      version,
      description: 'What calls cost, who made them and how they went. Versions: Metis-API-Version in requests and answers.',
    },
    paths: Object.fromEntries(endpoints.map((endpoint) => [endpoint.path, { get: operationOf(endpoint) }])),
    components: { schemas: { Error: schemaOf(errorBody, 'output') } },
  }
}

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

function operationOf({ path, summary, query, answerSchema }: Endpoint): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? [])
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const inQuery = Object.entries(query.shape).map(([name, field]) => ({
    name,
    in: 'query',
    required: !z.safeParse(field, undefined).success,
    schema: schemaOf(field, 'input'),
  }))
  return {
    operationId: path
      .replace(/^\/analytics\//, '')
      .replaceAll(/\W+/g, '_')
      .replace(/_$/, ''),
    summary,
    parameters: [...inPath, ...inQuery],
    responses: {
      200: { description: 'Fine.', content: { 'application/json': { schema: schemaOf(answerSchema, 'output') } } },
      400: errorResponse('A parameter is not valid: invalid_<parameter>.'),
      401: errorResponse('The admin token is needed.'),
      ...(names.length === 0 ? {} : { 404: errorResponse('There is nothing of this id.') }),
    },
  }
}

const errorResponse = (description: string): object => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
