// Regular expressions that cannot hang the gateway: matched by an automaton whose states are made when first needed, in time
// linear in the text whatever the expression. JavaScript's own engine goes back, and `(a+)+$` on 40 letters takes it minutes.
import { lineEnds, parseRegex, wordRanges, type Assertion, type Range, type RegexNode } from './regex-syntax.ts'

export interface LinearRegex {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
}

/** One step of the program; `next` and `other` are places in it. */
type Step =
  | { readonly op: 'set'; readonly ranges: readonly Range[]; readonly next: number }
  | { readonly op: 'fork'; readonly next: number; readonly other: number }
  | { readonly op: 'assertion'; readonly assertion: Assertion; readonly next: number }
  | { readonly op: 'match' }

/** Counted repetitions are written out, so that `(a{1000}){1000}` would be a million steps. */
const PROGRAM_LIMIT = 4000
/** Kept states; beyond it they are made anew. */
const STATES_LIMIT = 2000

/** @throws RegexSyntaxError; Error when it is too large */
export function compileLinearRegex(source: string): LinearRegex {
  const program: Step[] = []
  const start = emit(parseRegex(source), program, add(program, { op: 'match' }))
  return createMachine(program, start)
}

function add(program: Step[], step: Step): number {
  if (program.length >= PROGRAM_LIMIT) throw new Error('the expression is too large: its counted repetitions multiply')
  return program.push(step) - 1
}

/** Backwards: what follows is there already. Returns the place of the first step. */
function emit(node: RegexNode, program: Step[], next: number): number {
  switch (node.kind) {
    case 'set':
      return add(program, { op: 'set', ranges: node.ranges, next })
    case 'assertion':
      return add(program, { op: 'assertion', assertion: node.assertion, next })
    case 'sequence':
      return node.nodes.reduceRight((following, part) => emit(part, program, following), next)
    case 'choice':
      return node.nodes
        .map((part) => emit(part, program, next))
        .reduceRight((other, first) => add(program, { op: 'fork', next: first, other }))
    case 'repeat':
      return emitRepeat(node, program, next)
    default:
      return node satisfies never
  }
}

function emitRepeat({ node, min, max }: RegexNode & { kind: 'repeat' }, program: Step[], next: number): number {
  let place = next
  if (max === Infinity) {
    // The loop's fork comes first, for its body to lead back to.
    const loop = add(program, { op: 'fork', next, other: next })
    program[loop] = { op: 'fork', next: emit(node, program, loop), other: next }
    place = loop
  } else {
    for (let count = min; count < max; count += 1)
      place = add(program, { op: 'fork', next: emit(node, program, place), other: next })
  }
  for (let count = 0; count < min; count += 1) place = emit(node, program, place)
  return place
}

/** What stands before or after a place in the text. */
type Side = 'edge' | 'word' | 'line-end' | 'other'

interface State {
  /** Where the program stands, before what needs no character. */
  readonly places: readonly number[]
  readonly before: Side
  /** By class of the next character; the last entry is the end of the text. */
  readonly following: (State | 'match' | undefined)[]
}

function createMachine(program: readonly Step[], start: number): LinearRegex {
  const alphabet = createAlphabet(program)
  const seen = new Uint32Array(program.length)
  let round = 0
  let states = new Map<string, State>()
  const none = stateOf([], 'edge')

  return {
    test(text) {
      let state: State = stateOf([], 'edge')
      for (let index = 0; index < text.length; index += 1) {
        const kind = alphabet.classOf(text.charCodeAt(index))
        const following = (state.following[kind] ??= follow(state, kind))
        if (following === 'match') return true
        state = following
      }
      return (state.following[alphabet.size] ??= follow(state, alphabet.size)) === 'match'
    },
  }

  function stateOf(places: readonly number[], before: Side): State {
    const key = `${before}:${places.join()}`
    let state = states.get(key)
    if (state !== undefined) return state
    if (states.size >= STATES_LIMIT) states = new Map()
    state = { places, before, following: [] }
    states.set(key, state)
    return state
  }

  /** A match may begin anywhere, so the start is always among the places. */
  function follow(state: State, kind: number): State | 'match' {
    const after = alphabet.sideOf(kind)
    const reached: number[] = []
    const open = [...state.places, start]
    round += 1
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (seen[place] === round) continue
      seen[place] = round
      const step = program[place]
      if (step === undefined) continue
      if (step.op === 'match') return 'match'
      if (step.op === 'set') {
        if (alphabet.holds(step, kind)) reached.push(step.next)
      } else if (step.op === 'fork') open.push(step.next, step.other)
      else if (isTrue(step.assertion, state.before, after)) open.push(step.next)
    }
    if (kind === alphabet.size) return none
    return stateOf(
      [...new Set(reached)].sort((a, b) => a - b),
      after,
    )
  }
}

function isTrue(assertion: Assertion, before: Side, after: Side): boolean {
  switch (assertion) {
    case 'text-start':
      return before === 'edge'
    case 'text-end':
      return after === 'edge'
    case 'line-start':
      return before === 'edge' || before === 'line-end'
    case 'line-end':
      return after === 'edge' || after === 'line-end'
    case 'word-edge':
      return (before === 'word') !== (after === 'word')
    case 'no-word-edge':
      return (before === 'word') === (after === 'word')
    default:
      return assertion satisfies never
  }
}

interface Alphabet {
  /** How many classes there are; the class of that number is the end of the text. */
  readonly size: number
  classOf(code: number): number
  sideOf(kind: number): Side
  holds(step: Step & { op: 'set' }, kind: number): boolean
}

/** Characters that no step tells apart are one class. */
function createAlphabet(program: readonly Step[]): Alphabet {
  const sets = program.flatMap((step) => (step.op === 'set' ? [step.ranges] : []))
  const edges = new Set([0])
  for (const [low, high] of [...sets, wordRanges, lineEnds].flat()) edges.add(low).add(high + 1)
  const lows = [...edges].filter((edge) => edge <= 0xffff).sort((a, b) => a - b)
  const search = (code: number): number => {
    let [first, last] = [0, lows.length - 1]
    while (first < last) {
      const middle = (first + last + 1) >> 1
      if ((lows[middle] ?? 0) <= code) first = middle
      else last = middle - 1
    }
    return first
  }
  const ascii = Uint16Array.from({ length: 128 }, (_, code) => search(code))
  const members = new Map(sets.map((ranges) => [ranges, lows.map((low) => isIn(low, ranges))]))
  const sides = lows.map((low): Side => (isIn(low, wordRanges) ? 'word' : isIn(low, lineEnds) ? 'line-end' : 'other'))
  return {
    size: lows.length,
    classOf: (code) => ascii[code] ?? search(code),
    sideOf: (kind) => sides[kind] ?? 'edge',
    holds: (step, kind) => members.get(step.ranges)?.[kind] ?? false,
  }
}

const isIn = (code: number, ranges: readonly Range[]): boolean => ranges.some(([low, high]) => code >= low && code <= high)
