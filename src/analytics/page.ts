// Pages of a list that runs from new to old: how many rows, and where the next page begins.
import * as z from 'zod'
import { InvalidParameter } from './invalid-parameter.ts'

/** Where a page ended: the next one begins just before it. */
export interface Cursor {
  readonly timeUs: number
  readonly id: string
}

const cursorText = /^(\d{1,16})\.([A-Za-z0-9_.:/@~%+=-]{1,600})$/

export const limitOf = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((limit) => limit <= most, `must be a whole number from 1 to ${most}`)

export const pageFields = {
  limit: limitOf(500).prefault('50'),
  cursor: z.string().regex(cursorText, 'must be the next_cursor of an answer').optional(),
}

export const nextCursorField = { next_cursor: z.string().nullable() }

/** @throws InvalidParameter */
export function cursorOf(text: string | undefined): Cursor | null {
  if (text === undefined) return null
  const [, time = '', id = ''] = cursorText.exec(text) ?? []
  try {
    return { timeUs: Number(time), id: decodeURIComponent(id) }
  } catch {
    throw new InvalidParameter('cursor', 'must be the next_cursor of an answer')
  }
}

export const cursorTextOf = ({ timeUs, id }: Cursor): string => `${timeUs}.${encodeURIComponent(id)}`
