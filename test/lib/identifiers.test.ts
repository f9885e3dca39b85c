import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeToolId, safeToolName, sha256Hex, shortHash } from '../../src/lib/identifiers.ts'

describe('hashes', () => {
  it('are those of the standard, over UTF-8', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(shortHash('abc')).toBe('ba7816bf')
    expect(shortHash('é')).toBe('4a99557e')
  })
})

describe('safeToolName', () => {
  it.each(['get_weather', 'a', '-', 'A'.repeat(64)])('leaves %s alone', (name) => {
    expect(safeToolName(name, 64)).toBe(name)
  })

  it('keeps 55 characters of a long name', () => {
    const name = `mcp__${'x'.repeat(70)}`
    expect(safeToolName(name, 64)).toBe(`${name.slice(0, 55)}_${shortHash(name)}`)
    expect(safeToolName(name, 128)).toBe(name)
  })

  it('writes _ for each character that is not taken', () => {
    expect(safeToolName('a.b/é😀', 64)).toBe(`a_b___${'_'}${shortHash('a.b/é😀')}`)
  })
})

describe('safeToolId', () => {
  it('keeps as much as fits and tells equal beginnings apart', () => {
    const [a, b] = [`call_${'x'.repeat(80)}1`, `call_${'x'.repeat(80)}2`]
    expect(safeToolId(a, 64)).toBe(`${a.slice(0, 55)}_${shortHash(a)}`)
    expect(safeToolId(a, 64)).not.toBe(safeToolId(b, 64))
  })

  it('keeps ids apart that differ only in characters that are not taken', () => {
    expect(new Set(['a.b', 'a:b', 'a b', 'a_b'].map((id) => safeToolId(id, 64))).size).toBe(4)
  })
})

it.each([
  ['safeToolName', safeToolName],
  ['safeToolId', safeToolId],
])('%s always fits, says the same again, and leaves its own results alone', (_, safe) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom(64, 128), (text, maxLength) => {
      const result = safe(text, maxLength)
      expect(result).toMatch(/^[a-zA-Z0-9_-]+$/)
      expect(result.length).toBeLessThanOrEqual(maxLength)
      expect(safe(text, maxLength)).toBe(result)
      expect(safe(result, maxLength)).toBe(result)
    }),
  )
})
