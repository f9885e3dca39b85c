// What a delta or a message says, wherever its server puts it.
import type { WireMessage } from './schema.ts'

export interface Spoken {
  readonly thinking: string
  readonly text: string
}

export function spokenOf({ content, reasoning_content, reasoning }: WireMessage): Spoken {
  const thinking = reasoning_content || reasoning || ''
  if (!Array.isArray(content)) return { thinking, text: content ?? '' }
  const thought = content.flatMap((block) => block.thinking ?? [])
  return { thinking: thinking + joined(thought), text: joined(content) }
}

function joined(blocks: readonly { readonly text?: string | null | undefined }[]): string {
  return blocks.map(({ text }) => text ?? '').join('')
}
