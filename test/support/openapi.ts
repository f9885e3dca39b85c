// An OpenAPI 3.1 document as its specification wants it (https://spec.openapis.org/oas/v3.1.1), as far as ours goes: a field that
// is none of the specification's is a fault here. And what it says of one operation's answers, as schemas that check.
import { expect } from 'vitest'
import * as z from 'zod'
import { isObject } from './json.ts'

const schema = z.record(z.string(), z.json())
const header = z.strictObject({ description: z.string().min(1), schema })
const response = z.strictObject({
  description: z.string().min(1),
  content: z.record(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), z.strictObject({ schema })).optional(),
  headers: z.record(z.string(), header).optional(),
})
const parameter = z.discriminatedUnion('in', [
  z.strictObject({ in: z.literal('path'), name: z.string(), required: z.literal(true), schema }),
  z.strictObject({ in: z.enum(['query', 'header']), name: z.string(), required: z.boolean(), schema }),
])
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z_]+$/),
  summary: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()).max(0))),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.boolean(), content: z.record(z.string(), z.strictObject({ schema })) }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), response),
})
const server = z.strictObject({
  url: z.string(),
  description: z.string(),
  variables: z.record(z.string(), z.strictObject({ default: z.string() })).optional(),
})
const methods = z.partialRecord(z.enum(['get', 'post', 'patch', 'delete']), operation)
const securityScheme = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer'), description: z.string() }),
  z.strictObject({ type: z.literal('apiKey'), in: z.enum(['cookie', 'header']), name: z.string(), description: z.string() }),
])
const openApiDocument = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(server),
  paths: z.record(
    z.string().startsWith('/'),
    z
      .looseObject({ servers: z.array(server).optional() })
      .transform(({ servers, ...rest }) => ({ servers, ...methods.parse(rest) })),
  ),
  components: z.strictObject({
    schemas: z.record(z.string(), schema),
    securitySchemes: z.record(z.string(), securityScheme),
  }),
})

type Described = z.output<typeof operation>

export interface DescribedOperation extends Described {
  readonly path: string
  readonly method: string
  /** Where it is not at the document's own address. */
  readonly elsewhere: boolean
}

export interface OpenApi {
  readonly operations: readonly DescribedOperation[]
  operation(id: string): DescribedOperation
  /** What an answer of this status is; null = there is no body. Fails the test when it is not described. */
  answerOf(id: string, status: number, mediaType: string): z.ZodType | null
  bodyOf(id: string): z.ZodType
}

/** Fails the test when it is no valid document. */
export function readOpenApi(json: unknown): OpenApi {
  const { data: document, error } = openApiDocument.safeParse(json)
  expect(error?.issues ?? []).toEqual([])
  if (document === undefined) throw new Error('no OpenAPI document')
  const operations = Object.entries(document.paths).flatMap(([path, { servers, ...methodsHere }]) =>
    Object.entries(methodsHere).map(([method, one]) => Object.assign(one, { path, method, elsewhere: servers !== undefined })),
  )
  const ids = operations.map(({ operationId }) => operationId)
  expect(ids).toEqual([...new Set(ids)])
  for (const { path, parameters, security, operationId } of operations) {
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
    expect(inPath, operationId).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    expect(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size, operationId).toBe(parameters.length)
    for (const name of security.flatMap((one) => Object.keys(one)))
      expect(document.components.securitySchemes).toHaveProperty(name)
  }
  const find = (id: string): DescribedOperation => {
    const found = operations.find(({ operationId }) => operationId === id)
    if (found === undefined) throw new Error(`no operation ${id}`)
    return found
  }
  const checking = (written: z.output<typeof schema>): z.ZodType => {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(String(written['$ref'] ?? ''))?.[1]
    return z.fromJSONSchema((name === undefined ? written : document.components.schemas[name]) ?? {})
  }
  // Every schema can be read, and every reference leads somewhere.
  for (const reference of referencesIn(document)) expect(document.components.schemas).toHaveProperty(reference)
  for (const { responses, requestBody, parameters } of operations) {
    const contents = [...Object.values(responses).map(({ content }) => content), requestBody?.content]
    for (const content of contents) for (const { schema: written } of Object.values(content ?? {})) checking(written)
    for (const { schema: written } of parameters) checking(written)
  }
  return {
    operations,
    operation: find,
    answerOf(id, status, mediaType) {
      const described = find(id).responses[String(status)]
      expect(described, `${id} ${status}`).toBeDefined()
      if (described?.content === undefined) return null
      const content = described.content[mediaType]
      expect(content, `${id} ${status} ${mediaType}`).toBeDefined()
      return checking(content?.schema ?? {})
    },
    bodyOf: (id) => checking(find(id).requestBody?.content['application/json']?.schema ?? {}),
  }
}

function referencesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  const here = typeof value['$ref'] === 'string' ? [value['$ref'].replace('#/components/schemas/', '')] : []
  return [...here, ...Object.values(value).flatMap(referencesIn)]
}
