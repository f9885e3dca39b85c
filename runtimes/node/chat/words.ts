// What is typed, and what is shown for it.
import { usdOf } from '../../../src/lib/money.ts'
import type { Answer, SessionTotals } from '../../../src/store/sessions.ts'

export type Typed =
  | { readonly kind: 'nothing' | 'help' | 'cost' | 'history' | 'quit' }
  /** null = tell me; '' = routing decides. */
  | { readonly kind: 'model'; readonly name: string | null }
  | { readonly kind: 'say'; readonly text: string; readonly model: string | null }
  | { readonly kind: 'unknown'; readonly word: string }

export const helpLines: readonly string[] = [
  '@MODEL TEXT     ask this model, this once',
  '/model          who answers; /model MODEL for the whole conversation, /model auto leaves it to routing',
  '/cost           what the conversation has cost',
  '/history        what was said',
  '/help           this',
  '/quit, Ctrl-D   leave; the conversation is kept',
  'Ctrl-C          stops the answer; twice at the prompt leaves',
  'A line that ends with \\ goes on.',
]

export function parseTyped(line: string): Typed {
  const text = line.trim()
  if (text === '') return { kind: 'nothing' }
  const command = /^\/(\w+)(?:\s+(.*))?$/s.exec(text)
  if (command !== null) return parseCommand(command[1] ?? '', command[2]?.trim() ?? '')
  const once = /^@(\S+)\s+(.*)$/s.exec(text)
  if (once !== null) return { kind: 'say', text: once[2] ?? '', model: once[1] ?? null }
  return { kind: 'say', text, model: null }
}

function parseCommand(word: string, rest: string): Typed {
  switch (word) {
    case 'help':
    case 'cost':
    case 'history':
    case 'quit':
      return { kind: word }
    case 'exit':
      return { kind: 'quit' }
    case 'model':
      return { kind: 'model', name: rest === '' ? null : rest === 'auto' ? '' : rest }
    default:
      return { kind: 'unknown', word: `/${word}` }
  }
}

/** A model's words must not move the cursor or rename the window. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}

export function answerLine({ model, input_tokens, output_tokens, cost_nano_usd, latency_ms, stop_reason }: Answer): string {
  const cost = cost_nano_usd === null ? 'no known price' : usdText(Number(cost_nano_usd))
  const tokens = `${input_tokens ?? '?'} in, ${output_tokens ?? '?'} out`
  const cut = stop_reason === 'max_tokens' ? ['cut at its limit'] : []
  return [model ?? '', tokens, cost, `${((latency_ms ?? 0) / 1000).toFixed(1)} s`, ...cut].join(' · ')
}

export function totalsLine({ turns, costNanoUsd, unpricedTurns }: SessionTotals): string {
  const unpriced = unpricedTurns === 0 ? '' : `, and ${unpricedTurns} without a known price`
  return `${turns} ${turns === 1 ? 'turn' : 'turns'}, ${usdText(costNanoUsd)}${unpriced}`
}

const usdText = (nanoUsd: number): string => `$${usdOf(nanoUsd).toFixed(6)}`
