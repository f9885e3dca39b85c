// Answers of another wire, as events and as frames, for the tests of what a client of this wire gets.
import type { AnswerPart } from '../../../src/ir/response.ts'
import type { Stop, StreamChunk, StreamEvent } from '../../../src/ir/stream.ts'
import { noUsage, type Usage } from '../../../src/ir/usage.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { context, textOf } from './fixtures.ts'

export const meter = { ended: false, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }

export function chunkOf(events: readonly StreamEvent[]): StreamChunk {
  return { meter, events: () => events }
}

export async function streamed(chunks: AsyncIterable<StreamChunk> | Iterable<StreamChunk>, over = context): Promise<string> {
  async function* source() {
    yield* chunks
  }
  const out: Uint8Array[] = []
  for await (const bytes of openaiProtocol.server.encodeStream(source(), over)) out.push(bytes)
  return textOf(out)
}

export function framesOf(stream: string) {
  return stream
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice(6)))
}

export function deltasOf(stream: string) {
  return framesOf(stream).flatMap(({ choices }) => choices.map(({ delta }: { delta: object }) => delta))
}

export function eventsOf(
  parts: readonly AnswerPart[],
  stop: Stop = { reason: 'end' },
  usage: Usage = noUsage,
): readonly StreamEvent[] {
  const inner = parts.flatMap((part, index): readonly StreamEvent[] => {
    const end: StreamEvent = { type: 'part-end', index }
    if (part.type === 'redactedThinking' || part.type === 'opaque') return [{ type: 'part-start', index, part }, end]
    if (part.type === 'toolCall') {
      const args: readonly StreamEvent[] = part.argsText === '' ? [] : [{ type: 'args-delta', index, text: part.argsText }]
      return [{ type: 'part-start', index, part: { type: 'toolCall', id: part.id, name: part.name } }, ...args, end]
    }
    if (part.type === 'thinking') {
      const signed: readonly StreamEvent[] =
        part.signature === undefined ? [] : [{ type: 'signature', index, signature: part.signature }]
      return [
        { type: 'part-start', index, part: { type: 'thinking' } },
        { type: 'thinking-delta', index, text: part.text },
        ...signed,
        end,
      ]
    }
    const citations = part.citations.map((citation): StreamEvent => ({ type: 'citation', index, ...citation }))
    return [
      { type: 'part-start', index, part: { type: part.type } },
      { type: 'text-delta', index, text: part.text },
      ...citations,
      end,
    ]
  })
  return [
    { type: 'start', id: 'up-1', model: 'up-model' },
    ...inner,
    { type: 'usage', usage },
    { type: 'stop', stop },
    { type: 'end' },
  ]
}

export const signed: AnswerPart = { type: 'thinking', text: 'Hm.', signature: 'sig' }
export const redacted: AnswerPart = { type: 'redactedThinking', data: 'xx' }
export const server1: AnswerPart = { type: 'opaque', shape: 'anthropic', raw: { type: 'server_tool_use', id: 's' } }
export const tool = (id: string, argsText: string): AnswerPart => ({ type: 'toolCall', id, name: 'f', argsText })
export const cited: AnswerPart = { type: 'text', text: 'See docs.', citations: [{ url: 'https://x', title: 'X' }] }
