// What usage can be split by.
import type { FilterColumn } from './filters.ts'

/** `session_id` and `tags_json` are not in `usage_hourly`: what is not summed is read from `calls` alone. */
export type Dimension =
  | Exclude<FilterColumn, 'session_id'>
  | 'branch'
  | 'inbound_shape'
  | 'hour'
  | 'day'
  | 'session_id'
  | 'tags_json'
