// Expressions of routing rules: they mean what JavaScript means by them, and no text makes them slow.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileLinearRegex } from '../../src/lib/linear-regex.ts'

const leaf = fc.constantFrom(
  'a',
  'b',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '\\b',
  '\\B',
  '^',
  '$',
  'A',
  '-',
  '\\.',
  '\n',
  'é',
)
const repeatable = fc.constantFrom('a', 'b', '.', '\\d', '\\W', '[ab]', '[^a]', '[a-c1]', 'A')
const pattern = fc.letrec<{ node: string; group: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.tuple(repeatable, fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,}', '*?')).map((parts) => parts.join('')),
    fc.tuple(tie('node'), tie('node')).map((parts) => parts.join('')),
    tie('group'),
    fc.tuple(tie('group'), fc.constantFrom('*', '+', '?', '{0,2}')).map((parts) => parts.join('')),
  ),
  group: fc.tuple(tie('node'), tie('node')).map(([one, other]) => `(?:${one}|${other})`),
})).node
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', '1', ' ', '\n', '.', '-', 'é', '_'), { maxLength: 12 })
  .map((units) => units.join(''))

describe('a linear expression', () => {
  it.each(['', 'i', 'm', 's', 'im'])('with the flags "%s" matches what JavaScript matches', (flags) => {
    fc.assert(
      fc.property(pattern, text, (source, given) => {
        const ours = compileLinearRegex(flags === '' ? source : `(?${flags})${source}`).test(given)
        expect(ours).toBe(new RegExp(source, flags).test(given))
      }),
      { numRuns: 400 },
    )
  })

  it.each([
    ['(?i)straße|ÄPFEL', 'zwei äpfel', true],
    ['\\bfix(?:es|ed)?\\b', 'this fixes it', true],
    ['\\bfix(?:es|ed)?\\b', 'prefixed', false],
    ['(?<verb>write|draft) an? email', 'please draft an email', true],
    ['\\x41\\u0042', 'AB', true],
    ['[\\w.-]+@[\\w.-]+\\.[a-z]{2,}', 'ask ada@example.org', true],
    ['a{3}', 'aa', false],
    ['{', 'a { b', true],
    ['[\\]^-]', '-', true],
    ['', 'anything', true],
  ])('%s on "%s" is %s', (source, given, matches) => {
    expect(compileLinearRegex(source).test(given)).toBe(matches)
  })

  it.each([
    ['(a)\\1', /back-references are not allowed.*character 4/],
    ['(?<n>a)\\k<n>', /back-references/],
    ['(?=a)b', /look-around is not allowed/],
    ['(?<!a)b', /look-around/],
    ['a(', /"\(" is never closed/],
    ['a)', /closes nothing/],
    ['[a', /"\[" is never closed/],
    ['*a', /nothing to repeat/],
    ['a**', /quantifier after a quantifier/],
    ['a{3,1}', /wrong order/],
    ['[z-a]', /no pair/],
    ['\\q', /is not known/],
    ['\\u12', /4 hexadecimal/],
    ['a\\', /backslash at the end/],
    ['[😀]', /beyond U\+FFFF/],
    ['a(?i)b', /stand once/],
    ['(a{1000}){1000}', /too large/],
    ['('.repeat(60), /deeper than 50/],
  ])('refuses %s and says why', (source, reason) => {
    expect(() => compileLinearRegex(source)).toThrow(reason)
  })

  it.each(['(a+)+$', '(a|a)*b', '(a|aa)+c', 'a*a*a*a*a*b', '\\s+$', '(.*,){11}P', '.*.*=.*'])(
    'answers %s on 64 KiB made to hang an engine that goes back',
    (source) => {
      const machine = compileLinearRegex(source)
      for (const run of ['a', ' ', ',']) expect(machine.test(`${run.repeat(65_535)}!`)).toBeTypeOf('boolean')
    },
  )

  it('stays within its memory when a text makes it meet ever new states', () => {
    const machine = compileLinearRegex('(?:a|b)*a(?:a|b){14}c')
    let given = ''
    for (let number = 1; given.length < 60_000; number = (number * 48_271) % 2_147_483_647) given += number % 2 === 0 ? 'a' : 'b'
    expect(machine.test(given)).toBe(false)
    expect(machine.test(`${given}a${'b'.repeat(14)}c`)).toBe(true)
  })
})
