import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { parseJsonBytes } from '../../src/ir/json-body.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function refusalOf(bytes: Uint8Array): GatewayError {
  try {
    parseJsonBytes(bytes)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('parseJsonBytes', () => {
  it('reads what JSON.parse reads, prototype names as data', () => {
    expect(parseJsonBytes(bytesOf('{"a":"é😀","b":[1,null]}'))).toEqual({ a: 'é😀', b: [1, null] })
    expect(Object.keys(Object(parseJsonBytes(bytesOf('{"__proto__":{"x":1}}'))))).toEqual(['__proto__'])
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a document', bytesOf('{"a":')],
    ['two documents', bytesOf('{} {}')],
    ['a NUL', bytesOf('{"a":1}\0')],
    ['a byte order mark, behind which the scan would see no object', bytesOf('\uFEFF{"model":"a","model":"b"}')],
    ['bad UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['half a character', Uint8Array.of(0x22, 0xe2, 0x82, 0x22)],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0)],
  ])('refuses %s with invalid_json and status 400', (_, bytes) => {
    expect(refusalOf(bytes)).toMatchObject({ code: 'invalid_json', errorClass: 'invalid_request', status: 400 })
  })

  it('shows nothing of the body', () => {
    for (const text of ['{"key": sk-secret}', 'sk-secret', '["sk-secret" "sk-secret"]', '{"a": "sk-secret"']) {
      const { message } = refusalOf(bytesOf(text))
      expect(message).not.toContain('secret')
      expect(message.length).toBeLessThanOrEqual(200)
    }
  })
})
