// What a translation left out is on record by name; a body made of unknown fields makes no record of its own size.
import { describe, expect, it } from 'vitest'
import { openEngine, readAll } from './open-engine.ts'

describe('a request with fields that the other wire has no place for', () => {
  it('has the first of them on record, and how many more there were', async () => {
    const { traces, ask } = await openEngine()
    const body = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`field-${index}`, 1]))
    const { turnId, answer } = ask({ model: 'up:m', shape: 'anthropic', body })
    await readAll((await answer).chunks)
    const payload = traces.endOf(turnId).call?.payload
    const warnings = payload && 'warnings' in payload ? payload.warnings : []
    expect(warnings).toHaveLength(65)
    expect(warnings[0]).toMatchObject({ field: 'field-0', action: 'dropped' })
    expect(warnings.at(-1)).toEqual({ field: '…', action: 'dropped', reason: '836 more' })
  })

  it('has no more of a name on record than a name needs', async () => {
    const { traces, ask } = await openEngine()
    const { turnId, answer } = ask({ model: 'up:m', shape: 'anthropic', body: { ['f'.repeat(100_000)]: 1 } })
    await readAll((await answer).chunks)
    expect(traces.endOf(turnId).call?.payload).toMatchObject({ warnings: [{ field: 'f'.repeat(128) }] })
  })
})
