// One tool result for an OpenAI-shaped provider: its text goes into the `tool` message; images cannot, so they are lifted out
// and follow in a user message behind all results.
import type { Part, ToolResultPart } from '../../ir/request.ts'
import { encodeDocument, encodeImage, type WirePart } from './encode-media.ts'
import type { Warnings } from '../warnings.ts'

export interface EncodedResult {
  readonly text: string
  readonly media: readonly WirePart[]
}

/**
 * @param path where the result stands, for errors
 * @throws GatewayError invalid_value for a file that another provider holds
 */
export function encodeResult(result: ToolResultPart, path: string, warnings: Warnings): EncodedResult {
  const texts: string[] = []
  const media: WirePart[] = []
  for (const [index, part] of result.parts.entries()) {
    const place = `${path}.content[${index}]`
    if (part.type === 'image') lift(encodeImage(part, place), 'image')
    else if (part.type === 'document') addDocument(encodeDocument(part, place))
    else texts.push(textOf(part, warnings))
  }
  const text = texts.join('\n')
  const marked = result.isError && !text.startsWith('Error: ') ? `Error: ${text}` : text
  return { text: marked, media }

  function lift(part: WirePart, what: string): void {
    media.push({ type: 'text', text: `${what} from tool result ${result.callId}` }, part)
  }
  function addDocument(part: WirePart): void {
    if (part.type === 'text') texts.push(String(part['text']))
    else lift(part, 'file')
  }
}

function textOf(part: Part, warnings: Warnings): string {
  if (part.type === 'text') return part.text
  // A block only another wire knows (tool references, search results): its JSON says what it says, and the loop goes on.
  warnings.changed('messages.content.tool_result', 'a block inside a tool result was made text')
  return JSON.stringify(part.type === 'opaque' ? part.raw : part)
}
