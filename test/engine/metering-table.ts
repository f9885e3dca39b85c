// The table of docs/metering.md: every recorded stream, through every door, cut between every two of its events.
import { readdirSync, readFileSync } from 'node:fs'
import { openMetering, piecesOf, wires, type Measured, type Wire } from './metering.ts'

export interface Row {
  readonly wire: Wire
  readonly door: Wire
  readonly stream: string
  /** By cut: 0 = before the first event; the last is the whole stream. */
  readonly leaves: readonly Measured[]
  readonly breaks: readonly Measured[]
}

export async function readRows(fixtures: URL): Promise<readonly Row[]> {
  const { measure } = await openMetering()
  const rows: Row[] = []
  for (const wire of wires) {
    const folder = new URL(`${wire}/`, fixtures)
    const streams = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const { name: stream } of streams.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const pieces = piecesOf(new Uint8Array(readFileSync(new URL(`${stream}/stream.sse`, folder))))
      const cuts = Array.from({ length: pieces.length + 1 }, (_, cut) => cut)
      for (const door of wires) {
        const [leaves, breaks] = [[] as Measured[], [] as Measured[]]
        for (const cut of cuts) {
          leaves.push(await measure(wire, pieces, door, cut, 'leaves'))
          breaks.push(await measure(wire, pieces, door, cut, 'breaks'))
        }
        rows.push({ wire, door, stream, leaves, breaks })
      }
    }
  }
  return rows
}

export function documentOf(rows: readonly Row[]): string {
  const cuts = rows.reduce((sum, row) => sum + row.leaves.length, 0)
  const sections = wires.flatMap((door) =>
    wires.map((wire) =>
      sectionOf(
        door,
        wire,
        rows.filter((row) => row.door === door && row.wire === wire),
      ),
    ),
  )
  return `${introduction(rows.length, cuts)}\n${sections.join('\n')}`
}

const introduction = (streams: number, cuts: number): string => `# Metering

What a client got, what went on record and what it was billed, when an answer is cut: ${streams} pairs of a recorded stream and a door, cut
before the first event, between every two, and not at all: ${cuts} cuts, each once by a client that leaves and once by a provider that
breaks. \`node scripts/metering-table.mjs\` writes this page from test/fixtures; a test holds it equal and checks what it shows.

- **delivered**: the characters of text, thinking and arguments that reached the client, as tokens (3.6 a token, rounded up: the
  gateway's estimate).
- **recorded**: \`output_tokens\` of the turn. Where the provider gave its final count, that count; before it, the larger of what it had
  counted so far and what came from it, which is never less than what was delivered.
- **billed**: nano-dollars, all of the input included, at the list price of \`claude-sonnet-5-5\` (Anthropic's wire) and \`gpt-5-mini\`
  (OpenAI's). Before the provider says how large its input was, the gateway's estimate (321 tokens) is billed. *unpriced*: the provider named a tier that has no list price; never 0.

What holds in every line, for every cut: billed is the list price of what is recorded, to the nano-dollar; recorded is never less than
delivered until the provider's own count stands; both are the same through every door; a client that leaves and a provider that breaks
are billed alike, except that a provider which breaks before anything came is not billed at all. A number that stands for several cuts
in a row is written once, with their count: \`0×3\`.
`

function sectionOf(door: Wire, wire: Wire, rows: readonly Row[]): string {
  const lines = rows.map(({ stream, leaves }) => {
    const series = (of: (measured: Measured) => number | null) =>
      runsOf(leaves.map((measured) => String(of(measured) ?? 'unpriced')))
    return `| ${stream} | ${series((m) => m.deliveredTokens)} | ${series((m) => m.recorded?.output_tokens ?? 0)} | ${series((m) => m.billedNanoUsd)} |`
  })
  const title = `## ${names[door]} client, ${names[wire]} provider`
  return [title, '', '| stream | delivered | recorded | billed |', '| --- | --- | --- | --- |', ...lines, ''].join('\n')
}

const names: Readonly<Record<Wire, string>> = { anthropic: 'Anthropic', openai: 'OpenAI' }

function runsOf(values: readonly string[]): string {
  const runs: { value: string; count: number }[] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last?.value === value) last.count += 1
    else runs.push({ value, count: 1 })
  }
  return runs.map(({ value, count }) => (count === 1 ? value : `${value}×${count}`)).join(' ')
}
