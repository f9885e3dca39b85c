// Where a JSON string ends, found without parsing: for counting what a frame says.

/** Index of the quote that closes the string whose content begins at `start`; -1 where none does. */
export function stringEnd(data: string, start: number): number {
  let end = data.indexOf('"', start)
  while (end !== -1 && isEscaped(data, end)) end = data.indexOf('"', end + 1)
  return end
}

function isEscaped(data: string, at: number): boolean {
  let backslashes = 0
  while (data[at - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1
}

/** UTF-16 units between the quotes of the first string behind `opening`, escapes included: an estimate. */
export function stringLength(data: string, opening: RegExp): number {
  const found = opening.exec(data)
  if (!found) return 0
  const start = found.index + found[0].length
  return Math.max(0, stringEnd(data, start) - start)
}
