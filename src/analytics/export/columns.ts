// A table to export: its columns by name, in order, each as what it shows of a call.
import type { CallsTable } from '../../store/schema.ts'

export type Columns = Readonly<Record<string, (call: CallsTable) => unknown>>

export function rowOf(columns: Columns, call: CallsTable): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(columns).map(([name, read]) => [name, read(call)]))
}
