// A schema with a short cut: nearly every frame has just the form that its vendor documents. Looking at the fields we read costs
// a tenth of parsing them, and what the look passes is what the schema would have given back.
import type * as z from 'zod'
import { isObject } from './wire.ts'

/** True for a value that the field's schema takes as it is; false sends the whole to the schema. */
export type Look = (value: unknown) => boolean

/** What reading a frame needs of a schema: any of zod's is one too. */
export interface QuickSchema<T> {
  /** @throws ZodError */
  parse(value: unknown): T
  safeParse(value: unknown): z.ZodSafeParseResult<T>
}

export interface LookedAt<T> extends QuickSchema<T> {
  readonly whole: z.ZodType<T>
  readonly look: Look
}

/** @param look must pass nothing that `whole` refuses or changes */
export function quickSchema<T>(whole: z.ZodType<T>, look: Look): LookedAt<T> {
  const isPlain = (value: unknown): value is T => look(value)
  return {
    whole,
    look,
    parse: (value) => (isPlain(value) ? value : whole.parse(value)),
    safeParse: (value) => (isPlain(value) ? { success: true, data: value } : whole.safeParse(value)),
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** `z.string().nullish()` */
export const text: Look = (value) => !isGiven(value) || typeof value === 'string'
/** `z.number().nullish()` */
export const number: Look = (value) => !isGiven(value) || Number.isFinite(value)
/** Not there: what is rare is left to the schema. */
export const absent: Look = (value) => !isGiven(value)
export const anything: Look = () => true

/** That, and there. */
export const given =
  (look: Look): Look =>
  (value) =>
    isGiven(value) && look(value)

/** `z.array(…).nullish()` */
export const listOf =
  (item: Look): Look =>
  (value) => {
    if (!isGiven(value)) return true
    if (!Array.isArray(value)) return false
    for (const element of value) if (!item(element)) return false
    return true
  }

/** `z.looseObject({…}).nullish()` */
export function objectOf(fields: Readonly<Record<string, Look>>): Look {
  const looks = Object.entries(fields)
  return (value) => {
    if (!isGiven(value)) return true
    if (!isObject(value)) return false
    for (const [name, look] of looks) if (!look(value[name])) return false
    return true
  }
}
