// Whether OpenAI takes a schema with `strict: true`: it answers 400 where an object is open or a property may be left out, which
// Anthropic's clients are free to say.
import type { JsonSchema } from '../../ir/request.ts'
import { isObject } from '../wire.ts'

export function canBeStrict(schema: JsonSchema): boolean {
  if (isObjectSchema(schema) && !isClosed(schema)) return false
  return innerSchemasOf(schema).every((inner) => !isObject(inner) || canBeStrict(inner))
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
  const { properties, $defs, definitions, items, anyOf, oneOf, allOf } = schema
  const maps = [properties, $defs, definitions].flatMap((map) => (isObject(map) ? Object.values(map) : []))
  const lists = [anyOf, oneOf, allOf].flatMap((list: unknown) => (Array.isArray(list) ? list : []))
  return [...maps, ...lists, items]
}
