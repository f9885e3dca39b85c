// All that comes in through a stream, as text.
import type { Readable } from 'node:stream'

export async function textOf(stream: Readable): Promise<string> {
  stream.setEncoding('utf8')
  let text = ''
  for await (const piece of stream) text += String(piece)
  return text
}
