// A schema as the API takes it for structured outputs and strict tools: every object closed, and no word that it cannot hold a
// model to. What is taken out is told to the model in the description, as the vendor's own SDK does (1.12, lib/transform-json-schema).
import type { JsonSchema } from '../../ir/request.ts'
import { isObject } from '../wire.ts'

export interface StrictSchema {
  readonly schema: JsonSchema
  /** False = it says what it said. */
  readonly changed: boolean
}

export function strictSchemaOf(schema: JsonSchema): StrictSchema {
  let changed = false
  return { schema: strictOf(schema), changed }

  function strictOf(node: JsonSchema): JsonSchema {
    const kept: Record<string, unknown> = {}
    const told: [string, unknown][] = []
    for (const [word, value] of Object.entries(node)) {
      if (lists.has(word) && Array.isArray(value)) kept[word === 'oneOf' ? 'anyOf' : word] = value.map(innerOf)
      else if (maps.has(word) && isObject(value)) kept[word] = mapped(value)
      else if (word === 'items') kept[word] = innerOf(value)
      else if (isTaken(word, value)) kept[word] = value
      else if (word === 'additionalProperties' ? isObject(value) : !silent.has(word)) told.push([word, value])
    }
    if (isObjectSchema(node)) {
      if (node['additionalProperties'] !== false) changed = true
      kept['additionalProperties'] = false
    }
    if (told.length === 0) return kept
    changed = true
    const rest = `{${told.map(([word, value]) => `${word}: ${JSON.stringify(value)}`).join(', ')}}`
    const { description } = kept
    return { ...kept, description: typeof description === 'string' ? `${description}\n\n${rest}` : rest }
  }

  /** Not every schema is an object: `true` is one too. */
  function innerOf(value: unknown): unknown {
    return isObject(value) ? strictOf(value) : value
  }

  function mapped(schemas: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(schemas).map(([name, value]) => [name, innerOf(value)]))
  }
}

const lists = new Set(['anyOf', 'oneOf', 'allOf'])
const maps = new Set(['properties', '$defs', 'definitions'])
const taken = new Set(['type', 'description', 'title', 'required', 'enum', 'const', '$ref'])
/** Saying nothing of the value. */
const silent = new Set(['$schema', '$id'])
const formats = new Set<unknown>(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'])

function isTaken(word: string, value: unknown): boolean {
  if (word === 'format') return formats.has(value)
  if (word === 'minItems') return value === 0 || value === 1
  return taken.has(word)
}

function isObjectSchema({ type, properties }: JsonSchema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || (type === undefined && isObject(properties))
}
