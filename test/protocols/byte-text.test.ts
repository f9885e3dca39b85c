// A door that is handed the bytes as text must understand exactly what it understands of decoded ones.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeByteText } from '../../runtimes/node/read-body.ts'
import { anthropicProtocol } from '../../src/protocols/anthropic/index.ts'
import { openaiProtocol } from '../../src/protocols/openai/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'

const utf8 = new TextEncoder()

const protocols: readonly Protocol[] = [openaiProtocol, anthropicProtocol]

function readBoth(protocol: Protocol, bytes: Uint8Array) {
  // Copies: what is known of a body is kept beside its bytes.
  const read = (byteText: typeof nodeByteText | undefined) => {
    const request = protocol.server.decodeRequest(bytes.slice(), new Headers(), byteText)
    const { model, stream, includeUsage, traits, mixed } = request
    return { model, stream, includeUsage, traits, mixed, content: request.content() }
  }
  return [read(nodeByteText), read(undefined)] as const
}

const text = fc.string({ unit: 'grapheme' })

describe.each(protocols)('a body of the $shape wire read by its bytes', (protocol) => {
  it('means the same, whatever its texts are', () => {
    fc.assert(
      fc.property(text, text, text, fc.boolean(), (model, words, user, escaped) => {
        const body = {
          model,
          max_tokens: 9,
          metadata: { user_id: JSON.stringify({ session_id: user, device_id: user }) },
          messages: [{ role: 'user', content: [{ type: 'text', text: words }] }],
        }
        const json = JSON.stringify(body)
        const written = escaped
          ? json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : json
        const [byBytes, decoded] = readBoth(protocol, utf8.encode(written))
        expect(byBytes).toEqual(decoded)
      }),
    )
  })

  it.each([
    ['is no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['breaks behind a character of two bytes', utf8.encode('{"model":"é",')],
    ['begins with a byte order mark', utf8.encode('\uFEFF{"model":"m","messages":[]}')],
  ])('is refused in the same words when it %s', (_, bytes) => {
    const wordsOf = (byteText: typeof nodeByteText | undefined): unknown => {
      try {
        return protocol.server.decodeRequest(bytes.slice(), new Headers(), byteText)
      } catch (error) {
        return String(error)
      }
    }
    expect(wordsOf(nodeByteText)).toMatch(/Error: The request body is not/)
    expect(wordsOf(nodeByteText)).toBe(wordsOf(undefined))
  })
})

describe('a Responses body on the chat path read by its bytes', () => {
  it('keeps words beyond ASCII', () => {
    const [byBytes, decoded] = readBoth(openaiProtocol, utf8.encode('{"model":"m","input":"naïve – 日本"}'))
    expect(byBytes).toEqual(decoded)
    expect(JSON.stringify(byBytes.content.messages)).toContain('naïve – 日本')
  })
})
