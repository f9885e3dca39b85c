// A value that a JSON schema allows, the same for the same seed: arguments of the demo's tool calls, and structured answers.
import * as z from 'zod'

const schemaShape = z.looseObject({
  type: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
  properties: z.record(z.string(), z.unknown()).optional().catch(undefined),
  required: z.array(z.string()).optional().catch(undefined),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional().catch(undefined),
  enum: z.array(z.unknown()).optional().catch(undefined),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional().catch(undefined),
  anyOf: z.array(z.unknown()).optional().catch(undefined),
  oneOf: z.array(z.unknown()).optional().catch(undefined),
  allOf: z.array(z.unknown()).optional().catch(undefined),
  $ref: z.string().optional().catch(undefined),
  format: z.string().optional().catch(undefined),
  minimum: z.number().optional().catch(undefined),
  maximum: z.number().optional().catch(undefined),
  minItems: z.number().optional().catch(undefined),
  minLength: z.number().optional().catch(undefined),
  maxLength: z.number().optional().catch(undefined),
})
type Schema = z.infer<typeof schemaShape>

/** Schemas that refer to themselves end here. */
const depthLimit = 8

/** Only what the schema requires, and one optional property of an object that requires nothing. */
export function jsonSample(schema: unknown, seed: string): unknown {
  return sample(schema, { root: schema, seed, name: 'value', depth: 0 })
}

interface Place {
  readonly root: unknown
  readonly seed: string
  /** The property's name: it is what a made-up string says. */
  readonly name: string
  readonly depth: number
}

function sample(raw: unknown, place: Place): unknown {
  const parsed = schemaShape.safeParse(raw)
  if (!parsed.success || place.depth > depthLimit) return null
  const schema = parsed.data
  const inside = { ...place, depth: place.depth + 1 }
  if (schema.$ref !== undefined) return sample(resolveRef(schema.$ref, place.root), inside)
  if ('const' in schema && schema.const !== undefined) return schema.const
  const given = schema.enum?.[0] ?? schema.default ?? schema.examples?.[0]
  if (given !== undefined) return given
  const alternative = schema.anyOf?.[0] ?? schema.oneOf?.[0]
  if (alternative !== undefined) return sample(alternative, inside)
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => sample(part, inside)))
  return sampleOfType(typeOf(schema), schema, inside)
}

function typeOf(schema: Schema): string {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type
  return type ?? (schema.properties !== undefined ? 'object' : 'string')
}

function sampleOfType(type: string, schema: Schema, place: Place): unknown {
  switch (type) {
    case 'object':
      return sampleObject(schema, place)
    case 'array': {
      if (schema.prefixItems !== undefined) return schema.prefixItems.map((item) => sample(item, place))
      return Array.from({ length: Math.max(1, schema.minItems ?? 1) }, () => sample(schema.items ?? {}, place))
    }
    case 'integer':
    case 'number':
      return Math.min(schema.maximum ?? Infinity, Math.max(schema.minimum ?? 1, 1))
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return sampleText(schema, place)
  }
}

function sampleObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = Object.entries(schema.properties ?? {})
  const required = new Set(schema.required ?? [])
  const chosen = required.size === 0 ? properties.slice(0, 1) : properties.filter(([name]) => required.has(name))
  return Object.fromEntries(chosen.map(([name, property]) => [name, sample(property, { ...place, name })]))
}

const texts: Readonly<Record<string, string>> = {
  date: '2026-11-23',
  'date-time': '2026-11-23T12:00:00Z',
  time: '12:00:00Z',
  email: 'demo@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
}

function sampleText(schema: Schema, { name, seed }: Place): string {
  const text = texts[schema.format ?? ''] ?? `${name} ${seed.slice(0, 4)}`
  return text.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength ?? text.length + (schema.minLength ?? 0))
}

/** Only references into the same schema: `#/$defs/point`. */
function resolveRef(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return {}
  let at = root
  for (const step of reference
    .slice(1)
    .split('/')
    .filter((part) => part !== '')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    at = typeof at === 'object' && at !== null ? new Map(Object.entries(at)).get(key) : undefined
  }
  return at ?? {}
}
