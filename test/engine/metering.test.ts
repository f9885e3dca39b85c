// An answer that is cut: delivered, recorded and billed are consistent at every boundary of every recorded stream.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LlmCallCompleted } from '../../src/store/events.ts'
import { documentOf, readRows, type Row } from './metering-table.ts'
import { estimatedInputTokens, type Measured } from './metering.ts'

let rows: readonly Row[]
beforeAll(async () => {
  rows = await readRows(new URL('../fixtures/', import.meta.url))
}, 60_000)

/** Each with a name that says where it stands. */
const points = (): (readonly [string, Measured, Row, number, 'leaves' | 'breaks'])[] =>
  rows.flatMap((row) =>
    (['leaves', 'breaks'] as const).flatMap((how) =>
      row[how].map((point, cut) => [`${row.wire}/${row.stream} to ${row.door}, ${how} at ${cut}`, point, row, cut, how] as const),
    ),
  )

const broken = (rule: (...point: ReturnType<typeof points>[number]) => boolean): readonly string[] =>
  points()
    .filter((point) => !rule(...point))
    .map(([name]) => name)

/** Nano-USD a token of the models that answered, by hand. Sources: https://platform.claude.com/docs/en/about-claude/pricing, https://developers.openai.com/api/docs/pricing. */
const rates = {
  anthropic: { input: 2000, read: 100, write5m: 2500, write1h: 4000, output: 10_000 },
  openai: { input: 250, read: 25, write5m: 250, write1h: 250, output: 2000 },
}

/** null = a tier that has no price. */
function billOf(wire: Row['wire'], payload: LlmCallCompleted): number | null {
  if (payload.pricing_facts?.speed === 'fast') return null
  const rate = rates[wire]
  const { cache_creation_input_tokens: written, cache_creation_1h_tokens: written1h } = payload
  return (
    payload.input_tokens * rate.input +
    payload.cached_input_tokens * rate.read +
    (written - written1h) * rate.write5m +
    written1h * rate.write1h +
    payload.output_tokens * rate.output +
    (payload.pricing_facts?.web_searches ?? 0) * 10_000_000
  )
}

describe('at every cut of every stream', () => {
  it('there are many', () => {
    expect(rows.length).toBeGreaterThan(140)
    expect(points().length).toBeGreaterThan(2000)
  })

  it('billed is the list price of what is recorded, to the nano-dollar', () => {
    expect(
      broken((_, { recorded, billedNanoUsd }, { wire }) => billedNanoUsd === (recorded === null ? 0 : billOf(wire, recorded))),
    ).toEqual([])
  })

  it('recorded is never less than delivered, until the provider has counted to the end', () => {
    expect(
      broken((_, { recorded, deliveredTokens }) =>
        recorded === null
          ? deliveredTokens === 0
          : recorded.cost_basis === 'metered' || recorded.output_tokens >= deliveredTokens,
      ),
    ).toEqual([])
  })

  it('what is recorded and billed does not depend on the door', () => {
    const byDoor = new Map<string, Measured>()
    expect(
      broken((_, point, row, cut, how) => {
        const key = `${row.wire} ${row.stream} ${how} ${cut}`
        const other = byDoor.get(key)
        byDoor.set(key, point)
        // Across shapes an answer may turn out to be unreadable at its end, which its own shape passes on as it is.
        return other === undefined || (other.billedNanoUsd === point.billedNanoUsd && tokensOf(other) === tokensOf(point))
      }),
    ).toEqual([])
  })

  it('a client that leaves and a provider that breaks are billed alike, once anything came', () => {
    expect(
      broken((_, point, row, cut, how) => {
        const other = row.leaves[cut]
        if (how === 'leaves' || point.recorded === null || other === undefined) return true
        return other.billedNanoUsd === point.billedNanoUsd && tokensOf(other) === tokensOf(point)
      }),
    ).toEqual([])
  })

  it('before the provider counts, the estimated input is billed; nothing is, when it broke before anything came', () => {
    for (const row of rows) {
      expect(row.leaves[0]?.recorded).toMatchObject({
        input_tokens: estimatedInputTokens,
        output_tokens: 0,
        error_class: 'CANCELLED',
      })
      expect(row.breaks[0]).toMatchObject({ recorded: null, billedNanoUsd: 0, status: 'failed' })
    }
  })

  it('recorded output never falls as more comes, until the final count', () => {
    const falls = rows.flatMap((row) =>
      row.leaves.flatMap(({ recorded }, cut) => {
        const before = row.leaves[cut - 1]?.recorded
        if (!recorded || !before) return []
        return recorded.cost_basis !== 'metered' && recorded.output_tokens < before.output_tokens
          ? [`${row.wire}/${row.stream} ${cut}`]
          : []
      }),
    )
    expect(falls).toEqual([])
  })
})

const tokensOf = ({ recorded }: Measured): string =>
  recorded !== null
    ? [recorded.input_tokens, recorded.cached_input_tokens, recorded.cache_creation_input_tokens, recorded.output_tokens].join(
        ' ',
      )
    : 'none'

it('docs/metering.md is what `node scripts/metering-table.mjs` writes', () => {
  expect(readFileSync(new URL('../../docs/metering.md', import.meta.url), 'utf8')).toBe(documentOf(rows))
})
