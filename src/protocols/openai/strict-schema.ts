// Whether OpenAI takes a schema with `strict: true`: it answers 400 where an object is open or a property may be left out, and for some
// words, all of which Anthropic's clients are free to say.
import type { JsonSchema } from '../../ir/request.ts'
import { isObject } from '../wire.ts'

/** https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas and openai-node's own list (#2602). */
const refused = [
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'uniqueItems',
]

export function canBeStrict(schema: JsonSchema): boolean {
  // An answer is an object, and not one of several.
  return isObjectSchema(schema) && schema['anyOf'] === undefined && isTaken(schema)
}

function isTaken(schema: JsonSchema): boolean {
  if (refused.some((word) => schema[word] !== undefined)) return false
  if (isObjectSchema(schema) && !isClosed(schema)) return false
  return innerSchemasOf(schema).every((inner) => !isObject(inner) || isTaken(inner))
}

function isObjectSchema({ type, properties }: JsonSchema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isObject(properties)
}

function isClosed({ properties, required, additionalProperties }: JsonSchema): boolean {
  const names = isObject(properties) ? Object.keys(properties) : []
  const needed = new Set<unknown>(Array.isArray(required) ? required : [])
  return additionalProperties === false && names.every((name) => needed.has(name))
}

function innerSchemasOf(schema: JsonSchema): readonly unknown[] {
  const { properties, $defs, definitions, items, anyOf } = schema
  const maps = [properties, $defs, definitions].flatMap((map) => (isObject(map) ? Object.values(map) : []))
  return [...maps, ...(Array.isArray(anyOf) ? anyOf : []), items]
}
