// `/openapi.json`: our own API in words that other programs read, made from the schemas that its paths are held to. What the
// vendors' shapes are (/v1/*) the vendors say.
import * as z from 'zod'
import type { Endpoint } from '../analytics/endpoint.ts'

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** With `{name}` where a parameter stands. */
  readonly path: string
  readonly id: string
  readonly summary: string
  /** Instead of the admin token. */
  readonly asks?: 'nothing' | 'hub-token' | 'gateway-key'
  /** Answered by the gateway, at its own port as a rule. */
  readonly of?: 'gateway'
  /** Neither reads nor sends Metis-API-Version. */
  readonly unversioned?: boolean
  readonly query?: z.ZodObject
  /** In request headers; names in lower case. */
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType
  /** By status; those that every operation has are added. */
  readonly responses: Readonly<Record<string, OperationResponse>>
}

export interface OperationResponse {
  readonly description: string
  /** By media type. */
  readonly content?: Readonly<Record<string, z.ZodType>>
  readonly headers?: Readonly<Record<string, { readonly description: string }>>
}

export interface OpenApiParts {
  /** Of the program: the document's own. */
  readonly version: string
  /** Whether serve asks for the admin token. */
  readonly locked: boolean
  /** Whether the gateway answers at this address, too. */
  readonly gatewayIsHere: boolean
}

export function openApiOf(operations: readonly Operation[], parts: OpenApiParts): object {
  const paths = [...new Set(operations.map(({ path }) => path))]
  const itemOf = (path: string) => {
    const here = operations.filter((operation) => operation.path === path)
    const isElsewhere = !parts.gatewayIsHere && here.every(({ of }) => of === 'gateway')
    const methods = here.map((operation) => [operation.method, described(operation, parts.locked)] as const)
    return { ...(isElsewhere ? { servers: [gatewayServer] } : {}), ...Object.fromEntries(methods) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'metis-gateway',
      version: parts.version,
      description:
        'What calls cost, who made them and how they went; sessions; keys; and what the gateway says of itself. Versions: Metis-API-Version in requests and answers.',
    },
    servers: [{ url: '/', description: 'serve' }],
    paths: Object.fromEntries(paths.map((path) => [path, itemOf(path)])),
    components: { schemas: { Error: schemaOf(errorBody, 'output') }, securitySchemes },
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

export const openApiOperation: Operation = {
  method: 'get',
  path: '/openapi.json',
  id: 'openapi',
  summary: 'This document.',
  responses: {
    200: { description: 'OpenAPI 3.1.', content: { 'application/json': z.looseObject({ openapi: z.literal('3.1.0') }) } },
  },
}

/** Some have more to say: which slots were tried, which cap was reached. */
const errorBody = z.object({ error: z.looseObject({ code: z.string(), message: z.string() }) })

/** Serve does not know where its gateway listens, only where it does when nothing is said. */
const gatewayServer = {
  url: 'http://{host}:{port}',
  description: 'the gateway',
  variables: { host: { default: '127.0.0.1' }, port: { default: '8422' } },
}

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description })
const securitySchemes = {
  admin_token: bearer('METIS_ADMIN_TOKEN. Not asked for on loopback, unless serve.auth is always.'),
  admin_session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'metis_session',
    description: 'What POST /admin/session gives for the admin token. Under TLS its name is __Host-metis_session.',
  },
  gateway_key: bearer('A gateway key.'),
  gateway_key_header: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'A gateway key, in the other header.' },
  hub_token: bearer('Of one laptop; POST /admin/hub-tokens makes it.'),
}

/** By what is asked for: any of these will do. */
function securityOf(asks: Operation['asks'], locked: boolean): readonly object[] {
  switch (asks) {
    case 'nothing':
      return []
    case 'hub-token':
      return [{ hub_token: [] }]
    case 'gateway-key':
      return [{ gateway_key: [] }, { gateway_key_header: [] }]
    case undefined:
      // `{}`: none at all will do, too.
      return [...(locked ? [] : [{}]), { admin_token: [] }, { admin_session: [] }]
  }
}

function described(operation: Operation, locked: boolean): object {
  const { path, id, summary, asks, query, headers, body, responses } = operation
  const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? [])
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const parameters = [...inPath, ...parametersIn('query', query), ...parametersIn('header', headers)]
  const content = body === undefined ? null : { 'application/json': { schema: schemaOf(body, 'input') } }
  return {
    operationId: id,
    summary,
    security: securityOf(asks, locked),
    parameters,
    ...(content === null ? {} : { requestBody: { required: true, content } }),
    responses: mapped({ ...usualResponses(operation, parameters.length > 0), ...responses }, printed),
  }
}

function printed({ description, content, headers }: OperationResponse): object {
  return {
    description,
    ...(content === undefined ? {} : { content: mapped(content, (schema) => ({ schema: referenceOf(schema) })) }),
    ...(headers === undefined ? {} : { headers: mapped(headers, (header) => ({ ...header, schema: { type: 'string' } })) }),
  }
}

const referenceOf = (schema: z.ZodType): object =>
  schema === errorBody ? { $ref: '#/components/schemas/Error' } : schemaOf(schema, 'output')

function parametersIn(where: 'query' | 'header', fields: z.ZodObject | undefined): readonly object[] {
  return Object.entries(fields?.shape ?? {}).map(([name, field]) => ({
    name,
    in: where,
    required: !z.safeParse(field, undefined).success,
    schema: schemaOf(field, 'input'),
  }))
}

function usualResponses({ asks, unversioned, body }: Operation, hasParameters: boolean): Operation['responses'] {
  const bad =
    body === undefined
      ? 'A parameter is not valid: invalid_<parameter>.'
      : 'The body or a parameter is not valid: invalid_value, invalid_json, invalid_<parameter>.'
  return {
    ...(body === undefined && !hasParameters ? {} : { 400: errorResponse(bad) }),
    ...(asks === undefined ? { 401: errorResponse('admin_token_required: see the security of this path.') } : {}),
    403: errorResponse('host_not_allowed, origin_not_allowed: asked by a page of somebody else.'),
    ...(body === undefined
      ? {}
      : { 413: errorResponse('request_too_large.'), 415: errorResponse('unsupported_media_type: it must be application/json.') }),
    ...(unversioned === true ? {} : { 410: errorResponse('version_unsupported: Metis-API-Version names one that is gone.') }),
    default: errorResponse('Whatever else goes wrong: internal_error, store_unavailable.'),
  }
}

export const jsonResponse = (description: string, schema: z.ZodType): OperationResponse => ({
  description,
  content: { 'application/json': schema },
})

/** A stream of `schema`s, one after another. */
export const linesResponse = (description: string, schema: z.ZodType): OperationResponse => ({
  description,
  content: { 'application/x-ndjson': schema },
})

export const textResponse = (description: string): OperationResponse => ({ description, content: { 'text/plain': z.string() } })

export const errorResponse = (description: string): OperationResponse => jsonResponse(description, errorBody)

function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}

const mapped = <From, To>(record: Readonly<Record<string, From>>, to: (value: From) => To): Readonly<Record<string, To>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]))
