// Codex' config.toml: a line at its top and a table at its end, each between marks, so that taking them out needs no TOML parser
// and leaves every other byte as it is.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Access } from '../commands/clients.ts'
import { CommandError } from '../commands/faults.ts'
import type { ClientSettings } from './client-settings.ts'

const begin = '# >>> metis-gateway on'
const end = '# <<< metis-gateway'
/** Before a line that has to wait until `off`. */
const kept = '# metis-gateway keeps: '

export const codex: ClientSettings = {
  client: 'codex',
  title: 'Codex',
  folder: (env) => env['CODEX_HOME'] || join(env['HOME'] ?? homedir(), '.codex'),
  fileName: 'config.toml',

  pointed(text, access) {
    if (text?.startsWith('\u{feff}') === true) throw new CommandError('it begins with a byte order mark')
    const lines = linesOf(text ?? '')
    const scanned = scan(lines)
    if (scanned.some(({ table }) => /^\[+\s*model_providers\s*\.\s*["']?metis["']?\s*[\].]/.test(table)))
      throw new CommandError('it has a [model_providers.metis] of its own')
    const body = lines.map((line, index) => (scanned[index]?.isProviderLine === true ? kept + line : line)).join('')
    const top = block(['model_provider = "metis"'])
    const gap = body === '' || body.endsWith('\n') ? '' : '\n'
    return `${top}${body}${gap}${block(tableOf(access), gap)}`
  },

  withoutGateway(text, original) {
    const rest = withoutBlocks(text)
    if (rest === null) throw new CommandError(`the marks ${begin} and ${end} are no longer in pairs`)
    const restored = linesOf(rest)
      .map((line) => (line.startsWith(kept) ? line.slice(kept.length) : line))
      .join('')
    return restored === '' && original === null ? null : restored
  },
}

const tableOf = ({ url, token }: Access): readonly string[] => [
  '[model_providers.metis]',
  'name = "Metis gateway"',
  `base_url = ${JSON.stringify(`${url}/v1`)}`,
  `experimental_bearer_token = ${JSON.stringify(token)}`,
  'wire_api = "responses"',
  // The gateway repeats by itself.
  'request_max_retries = 0',
  'stream_max_retries = 0',
]

/** `gap`: the line's end that was missing before it, so that it goes with the block. */
const block = (lines: readonly string[], gap = ''): string =>
  `${[`${begin} (metis-gateway off takes this out)${gap === '' ? '' : ' and the line end before it'}`, ...lines, end].join('\n')}\n`

function withoutBlocks(text: string): string | null {
  let inside = false
  let result = ''
  for (const line of linesOf(text)) {
    if (line.startsWith(begin)) {
      if (inside) return null
      inside = true
      if (line.includes('and the line end before it')) result = result.replace(/\n$/, '')
    } else if (line.trimEnd() === end) {
      if (!inside) return null
      inside = false
    } else if (!inside) result += line
  }
  return inside ? null : result
}

/** With their ends. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

interface ScannedLine {
  /** The line, where it begins a table; else ''. */
  readonly table: string
  /** It chooses a provider for the whole file. */
  readonly isProviderLine: boolean
}

/** Knows which lines are inside a text of several lines, where nothing means what it looks like. */
function scan(lines: readonly string[]): readonly ScannedLine[] {
  let closing: string | null = null
  let isRoot = true
  return lines.map((line) => {
    const wasInside = closing !== null
    for (const [quotes] of line.matchAll(/"""|'''/g)) {
      if (closing === null) closing = quotes
      else if (closing === quotes) closing = null
    }
    const table = !wasInside && /^\s*\[/.test(line) ? line.trim() : ''
    if (table !== '') isRoot = false
    return { table, isProviderLine: isRoot && !wasInside && /^\s*["']?model_provider["']?\s*=/.test(line) }
  })
}
