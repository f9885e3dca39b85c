// CSV as RFC 4180 has it, safe to open in a spreadsheet.

/** null and undefined are empty cells; objects are JSON. */
export function csvLine(cells: readonly unknown[]): string {
  return cells.map(cellOf).join(',')
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return decimalOf(value)
  if (typeof value === 'object') return quoted(JSON.stringify(value))
  return quoted(typeof value === 'string' ? defused(value) : String(value))
}

/** Never 1e-9: not every reader of CSV takes it. */
function decimalOf(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(9).replace(/\.?0+$/, '') : text
}

/** A project may be called `=cmd()`: a spreadsheet would run what begins so, in full width too. */
const defused = (text: string): string => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text)

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
