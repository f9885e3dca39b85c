// The formats of an export: a header, where there is one, and a line per call.
import type { CallsTable } from '../../store/schema.ts'
import { rowOf, type Columns } from './columns.ts'
import { csvLine } from './csv.ts'
import type { DisplayNames } from './display-names.ts'
import { focusColumnsOf } from './focus.ts'
import type { ExportFormat } from './names.ts'
import { recordColumns } from './record.ts'

export interface Exporter {
  /** null = none. */
  readonly header: string | null
  line(call: CallsTable): string
}

export function exporterOf(format: ExportFormat, names: DisplayNames): Exporter {
  switch (format) {
    case 'jsonl':
      return { header: null, line: (call) => JSON.stringify(rowOf(recordColumns, call)) }
    case 'csv':
      return csvOf(recordColumns)
    case 'focus':
      return csvOf(focusColumnsOf(names))
    default:
      return format satisfies never
  }
}

const csvOf = (columns: Columns): Exporter => ({
  header: csvLine(Object.keys(columns)),
  line: (call) => csvLine(Object.values(rowOf(columns, call))),
})
