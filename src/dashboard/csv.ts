// A table as CSV (RFC 4180): numbers whole, not as the screen rounds them.

export type CsvValue = string | number | null

/** A spreadsheet runs what begins like this, and names of users and projects are anybody's text. */
const looksLikeFormula = /^[=+\-@\t\r\n＝＋－＠]/

export function csvOf(headers: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [headers, ...rows].map((row) => row.map(fieldOf).join(',')).join('\r\n') + '\r\n'
}

function fieldOf(value: CsvValue): string {
  if (value === null) return ''
  // Not String(): a nano-dollar must not come out as 1e-9.
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/\.?0+$/, '')
  const text = looksLikeFormula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
