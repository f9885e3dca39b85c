// What `/analytics/cost` can be split by, and what a split by time can be stacked by.
import * as z from 'zod'
import { identifier } from './filters.ts'
import type { Dimension } from './dimensions.ts'

export type Grouping =
  | { readonly by: 'nothing' }
  | { readonly by: 'tag'; readonly tag: string }
  /** The rows' key column is called as the dimension is, which is as in the trace. */
  | { readonly by: 'dimension'; readonly dimension: Dimension }

const stackable: ReadonlyMap<string, Dimension> = new Map([
  ['model', 'model'],
  ['provider', 'provider'],
  ['gateway_key', 'gateway_key_id'],
  ['user', 'user_id'],
  ['team', 'team_id'],
  ['project', 'project'],
  ['branch', 'branch'],
  ['client', 'client'],
])

const dimensions: ReadonlyMap<string, Dimension> = new Map([
  ...stackable,
  ['session', 'session_id'],
  ['day', 'day'],
  ['hour', 'hour'],
])

export const groupBy = z.string().transform((text, context): Grouping => {
  if (text === 'none') return { by: 'nothing' }
  const dimension = dimensions.get(text)
  if (dimension !== undefined) return { by: 'dimension', dimension }
  const tag = identifier.safeParse(text.replace(/^tag:/, ''))
  if (text.startsWith('tag:') && tag.success) return { by: 'tag', tag: tag.data }
  context.addIssue({ code: 'custom', message: `must be one of ${[...dimensions.keys()].join(', ')}, tag:<name>, none` })
  return z.NEVER
})

export const stackBy = z.string().transform((text, context): Dimension => {
  const dimension = stackable.get(text)
  if (dimension !== undefined) return dimension
  context.addIssue({ code: 'custom', message: `must be one of ${[...stackable.keys()].join(', ')}` })
  return z.NEVER
})
