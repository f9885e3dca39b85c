import { expect, it } from 'vitest'
import { parseDuration } from '../../src/lib/duration.ts'
import { estimateTokens } from '../../src/lib/tokens.ts'

it.each([
  ['30s', 30_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['90d', 7_776_000_000],
  ['0s', 0],
  ['', null],
  ['90', null],
  ['d', null],
  ['1.5h', null],
  ['-1d', null],
  ['1D', null],
  ['1y', null],
  ['1 d', null],
  ['1d\n', null],
  ['9999999999d', null],
  ['1constructor', null],
])('parseDuration(%j) is %j', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

it.each([
  [0, 0],
  [1, 1],
  [36, 10],
  [37, 11],
])('estimateTokens(%i) is %i', (length, tokens) => {
  expect(estimateTokens(length)).toBe(tokens)
})
