// One block of an answer, from its head to its end, as events of the IR: shared by the stream and the whole answer.
import type { StreamEvent } from '../../ir/stream.ts'
import { webCitationSchema, type WireBlock } from './answer-schema.ts'

/** How the answers of one call are read: what the request renamed is named back. */
export interface AnswerNames {
  /** Name sent upstream → the client's. */
  readonly toolNames: ReadonlyMap<string, string>
  /** The tool whose arguments are the answer's text. */
  readonly answerTool?: string
}

export type BlockKind = 'text' | 'thinking' | 'redacted' | 'tool' | 'answer' | 'opaque'

export function kindOf(block: WireBlock, names: AnswerNames): BlockKind {
  switch (block.type) {
    case 'text':
      // Beside the answer tool a text is an aside, and would spoil the JSON that is the answer.
      return names.answerTool === undefined ? 'text' : 'opaque'
    case 'thinking':
      return 'thinking'
    case 'redacted_thinking':
      return 'redacted'
    case 'tool_use':
      return names.answerTool !== undefined && block.name === names.answerTool ? 'answer' : 'tool'
    default:
      return 'opaque'
  }
}

/** The part's head, and what the wire already put into it; an opaque block's head is its whole. */
export function headEvents(index: number, block: WireBlock, kind: BlockKind, names: AnswerNames): readonly StreamEvent[] {
  switch (kind) {
    case 'text':
      return [
        { type: 'part-start', index, part: { type: 'text' } },
        ...textEvents('text-delta', index, block.text),
        ...(block.citations ?? []).flatMap((citation) => citationEvents(index, citation)),
      ]
    case 'thinking':
      return [
        { type: 'part-start', index, part: { type: 'thinking' } },
        ...textEvents('thinking-delta', index, block.thinking),
        ...signatureEvents(index, block.signature),
      ]
    case 'redacted':
      return [{ type: 'part-start', index, part: { type: 'redactedThinking', data: block.data ?? '' } }]
    case 'tool': {
      const name = block.name ?? ''
      return [
        { type: 'part-start', index, part: { type: 'toolCall', id: block.id ?? '', name: names.toolNames.get(name) ?? name } },
      ]
    }
    case 'answer':
      return [{ type: 'part-start', index, part: { type: 'text' } }]
    case 'opaque':
      return [{ type: 'part-start', index, part: { type: 'opaque', shape: 'anthropic', raw: block } }]
    default:
      return kind satisfies never
  }
}

/** @param inputText JSON text; `{}` means no arguments, which the IR writes as '' */
export function inputEvents(index: number, kind: 'tool' | 'answer', inputText: string): readonly StreamEvent[] {
  if (kind === 'answer') return textEvents('text-delta', index, inputText)
  return textEvents('args-delta', index, /^\s*\{\s*\}\s*$/.test(inputText) ? '' : inputText)
}

/** For an input whose own text is not at hand. */
export function printedInput(input: unknown): string {
  if (input === undefined || input === null) return ''
  return typeof input === 'string' ? input : JSON.stringify(input)
}

export function textEvents(
  type: 'text-delta' | 'thinking-delta' | 'args-delta',
  index: number,
  text: string | null | undefined,
): readonly StreamEvent[] {
  return text ? [{ type, index, text }] : []
}

export function signatureEvents(index: number, signature: string | null | undefined): readonly StreamEvent[] {
  return signature ? [{ type: 'signature', index, signature }] : []
}

export function citationEvents(index: number, citation: unknown): readonly StreamEvent[] {
  const web = webCitationSchema.safeParse(citation)
  if (!web.success) return []
  const { url, title } = web.data
  return [{ type: 'citation', index, url, ...(title ? { title } : {}) }]
}
