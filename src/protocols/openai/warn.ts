// How the parts of one translation record what they could not carry.
import type { Warning } from '../../ir/request.ts'

/** `action` is `dropped` unless said otherwise. Values never go into `reason`. */
export type Warn = (field: string, reason: string, action?: Warning['action']) => void
