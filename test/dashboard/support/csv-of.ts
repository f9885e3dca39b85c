// What a table's CSV button saves.
import type { Locator, Page } from 'playwright-core'

export async function savedBy(page: Page, button: Locator): Promise<{ readonly name: string; readonly text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
  const stream = await download.createReadStream()
  return { name: download.suggestedFilename(), text: (await stream.toArray()).join('') }
}

/** RFC 4180, read back: a field may hold commas, quotes and line ends. */
export function rowsIn(text: string): readonly (readonly string[])[] {
  const fields = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/g)]
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of fields) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}
