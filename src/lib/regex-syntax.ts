// Reads the regular expressions that a routing rule may hold: JavaScript's, without what cannot be matched in linear time
// (back-references, look-around). `linear-regex.ts` runs what comes out.

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge'

/** Inclusive, UTF-16 code units. */
export type Range = readonly [low: number, high: number]

export type RegexNode =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly nodes: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly RegexNode[] }
  /** `max` may be Infinity. */
  | { readonly kind: 'repeat'; readonly node: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }

export class RegexSyntaxError extends Error {
  constructor(message: string, position: number) {
    super(`${message} (at character ${position + 1})`)
    this.name = 'RegexSyntaxError'
  }
}

interface Flags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

const LAST_UNIT = 0xffff
const digits: readonly Range[] = [[48, 57]]
export const wordRanges: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const blanks: readonly Range[] = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
export const lineEnds: readonly Range[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
]
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, '0': 0 }

/** @param source with leading flags where wanted: `(?i)`, `(?m)`, `(?s)`. @throws RegexSyntaxError */
export function parseRegex(source: string): RegexNode {
  const flagged = /^\(\?([ims]{1,3})\)/.exec(source)
  const letters = flagged?.[1] ?? ''
  const flags = { ignoreCase: letters.includes('i'), multiline: letters.includes('m'), dotAll: letters.includes('s') }
  return createParser(source, flagged?.[0].length ?? 0, flags).whole()
}

function createParser(source: string, start: number, flags: Flags): { whole(): RegexNode } {
  let at = start
  let depth = 0
  const fault = (message: string, position = at) => new RegexSyntaxError(message, position)
  const eat = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false
    at += text.length
    return true
  }
  const set = (ranges: readonly Range[]): RegexNode => ({
    kind: 'set',
    ranges: flags.ignoreCase ? withBothCases(ranges) : ranges,
  })

  return {
    whole() {
      const node = choice()
      if (at < source.length) throw fault('this ")" closes nothing')
      return node
    },
  }

  function choice(): RegexNode {
    const nodes = [sequence()]
    while (eat('|')) nodes.push(sequence())
    const [only] = nodes
    return only !== undefined && nodes.length === 1 ? only : { kind: 'choice', nodes }
  }

  function sequence(): RegexNode {
    const nodes: RegexNode[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') nodes.push(quantified(atom()))
    return { kind: 'sequence', nodes }
  }

  function quantified(node: RegexNode): RegexNode {
    const position = at
    const bounds = quantifier()
    if (bounds === null) return node
    if (node.kind === 'assertion') throw fault('nothing to repeat', position)
    // Greedy or lazy: whether there is a match at all is the same.
    eat('?')
    if (quantifier() !== null) throw fault('a quantifier after a quantifier')
    return { kind: 'repeat', node, min: bounds[0], max: bounds[1] }
  }

  function quantifier(): readonly [number, number] | null {
    if (eat('*')) return [0, Infinity]
    if (eat('+')) return [1, Infinity]
    if (eat('?')) return [0, 1]
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(source.slice(at, at + 12))
    if (counted === null) return null
    const position = at
    at += counted[0].length
    const min = Number(counted[1])
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3])
    if (max < min) throw fault('the numbers of this quantifier are in the wrong order', position)
    return [min, max]
  }

  function atom(): RegexNode {
    const position = at
    const letter = source[at++] ?? ''
    switch (letter) {
      case '(':
        return group(position)
      case '[':
        return set(characterClass(position))
      case '.':
        return set(flags.dotAll ? [[0, LAST_UNIT]] : inverse(lineEnds))
      case '^':
        return { kind: 'assertion', assertion: flags.multiline ? 'line-start' : 'text-start' }
      case '$':
        return { kind: 'assertion', assertion: flags.multiline ? 'line-end' : 'text-end' }
      case '\\':
        return escaped(position)
      case '*':
      case '+':
      case '?':
        throw fault('nothing to repeat', position)
      default:
        return set([unit(letter.charCodeAt(0))])
    }
  }

  function group(position: number): RegexNode {
    if (/^\?(<?[=!])/.test(source.slice(at, at + 3)))
      throw fault('look-around is not allowed: it cannot be matched in linear time', position)
    if (!eat('?:') && source[at] === '?') {
      const named = /^\?<[A-Za-z_]\w*>/.exec(source.slice(at))
      if (named === null) throw fault('an unknown kind of group; flags (i, m, s) stand once, at the very beginning', position)
      at += named[0].length
    }
    depth += 1
    if (depth > 50) throw fault('groups are nested deeper than 50', position)
    const node = choice()
    if (!eat(')')) throw fault('this "(" is never closed', position)
    depth -= 1
    return node
  }

  function escaped(position: number): RegexNode {
    const letter = source[at] ?? ''
    if (letter === 'b' || letter === 'B') {
      at += 1
      return { kind: 'assertion', assertion: letter === 'b' ? 'word-edge' : 'no-word-edge' }
    }
    if (/[1-9k]/.test(letter)) throw fault('back-references are not allowed: they cannot be matched in linear time', position)
    return set(escapedRanges(position))
  }

  /** After the backslash; the same inside and outside of a class. */
  function escapedRanges(position: number): readonly Range[] {
    const letter = source[at++]
    if (letter === undefined) throw fault('a backslash at the end', position)
    const shorthand = shorthands[letter]
    if (shorthand !== undefined) return shorthand
    const control = controls[letter]
    if (control !== undefined) return [unit(control)]
    if (letter === 'x' || letter === 'u') {
      const length = letter === 'x' ? 2 : 4
      const hex = source.slice(at, at + length)
      if (hex.length < length || !/^[0-9a-f]+$/i.test(hex))
        throw fault(`\\${letter} wants ${length} hexadecimal digits`, position)
      at += length
      return [unit(Number.parseInt(hex, 16))]
    }
    if (/[A-Za-z0-9]/.test(letter)) throw fault(`\\${letter} is not known`, position)
    return [unit(letter.charCodeAt(0))]
  }

  function characterClass(position: number): readonly Range[] {
    const isNegated = eat('^')
    const ranges: Range[] = []
    while (!eat(']')) {
      if (at >= source.length) throw fault('this "[" is never closed', position)
      const from = classMember()
      if (source[at] !== '-' || source[at + 1] === ']' || at + 1 >= source.length) {
        ranges.push(...from)
        continue
      }
      const dash = at
      at += 1
      const to = classMember()
      const [low, high] = [single(from), single(to)]
      if (low === null || high === null || low > high) throw fault('the ends of this range are no pair', dash)
      ranges.push([low, high])
    }
    return isNegated ? inverse(flags.ignoreCase ? withBothCases(ranges) : ranges) : ranges
  }

  function classMember(): readonly Range[] {
    const position = at
    const letter = source[at++] ?? ''
    if (letter === '\\') {
      // In a class it is the backspace.
      if (eat('b')) return [unit(8)]
      return escapedRanges(position)
    }
    const code = letter.charCodeAt(0)
    if (code >= 0xd800 && code <= 0xdfff) throw fault('characters beyond U+FFFF cannot stand in a class', position)
    return [unit(code)]
  }
}

const unit = (code: number): Range => [code, code]

function single(ranges: readonly Range[]): number | null {
  const [only] = ranges
  return ranges.length === 1 && only !== undefined && only[0] === only[1] ? only[0] : null
}

function inverse(ranges: readonly Range[]): readonly Range[] {
  const gaps: Range[] = []
  let next = 0
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) gaps.push([next, low - 1])
    next = Math.max(next, high + 1)
  }
  if (next <= LAST_UNIT) gaps.push([next, LAST_UNIT])
  return gaps
}

const shorthands: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  D: inverse(digits),
  w: wordRanges,
  W: inverse(wordRanges),
  s: blanks,
  S: inverse(blanks),
}

/** ASCII ranges get their other case; beyond ASCII single letters do. */
function withBothCases(ranges: readonly Range[]): readonly Range[] {
  const all: Range[] = [...ranges]
  for (const [low, high] of ranges) {
    addShifted(all, low, high, 65, 90, 32)
    addShifted(all, low, high, 97, 122, -32)
    if (low !== high || low < 128) continue
    const letter = String.fromCharCode(low)
    for (const other of [letter.toLowerCase(), letter.toUpperCase()]) if (other.length === 1) all.push(unit(other.charCodeAt(0)))
  }
  return all
}

function addShifted(ranges: Range[], low: number, high: number, first: number, last: number, shift: number): void {
  const [from, to] = [Math.max(low, first), Math.min(high, last)]
  if (from <= to) ranges.push([from + shift, to + shift])
}
