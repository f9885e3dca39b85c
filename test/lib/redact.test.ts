import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/lib/redact.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('the redactor', () => {
  it.each(['p@ss w/örd+?', 'quote"back\\slash', '$&$1(.*)[x]', '日本語のひみつ'])('finds %s in every form', (secret) => {
    const redact = createRedactor([secret])
    const url = encodeURIComponent(secret)
    const forms = [secret, JSON.stringify(secret).slice(1, -1), url, url.replaceAll(/%../g, (code) => code.toLowerCase())]
    for (const form of forms) expect(redact(`a ${form} b ${form}.`)).toBe('a [redacted] b [redacted].')
  })

  it('finds a secret in base64, alone or at any place in a longer text', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 7 }),
        fc.string({ minLength: 12, maxLength: 30 }),
        fc.string({ maxLength: 7 }),
        (a, secret, b) => {
          const encoded = base64(a + secret + b)
          const inner = base64(secret).slice(4, 12)
          const cleaned = createRedactor([secret])(encoded)
          expect(cleaned).toContain('[redacted]')
          expect(cleaned).not.toContain(inner)
          expect(createRedactor([secret])(Buffer.from(a + secret + b).toString('base64url'))).toContain('[redacted]')
        },
      ),
    )
  })

  it('leaves no tail of a secret that begins like another', () => {
    expect(createRedactor(['abcdefgh', 'abcdefgh-longer'])('x abcdefgh-longer y abcdefgh z')).toBe('x [redacted] y [redacted] z')
  })

  it.each([
    ['Incorrect API key provided: sk-proj-abc123DEF456_x-y.', 'Incorrect API key provided: [redacted].'],
    ['key sk-ab12****************wxyz', 'key [redacted]'],
    ['gw_01ARZ3NDEKTSV4RRFFQ69G5FAV0123', '[redacted]'],
    ['Authorization: bearer abc.DEF-123_~+/==', 'Authorization: bearer [redacted]'],
    ['GET https://x.test/v1?a=1&key=AIzaSyABC&b=2', 'GET https://x.test/v1?a=1&key=[redacted]&b=2'],
    ['https://x.test/?api_key=abc', 'https://x.test/?api_key=[redacted]'],
    ['in organization org-AbC123dEf456 on', 'in organization [redacted] on'],
    ['account acct_1A2b3C4d5E', 'account [redacted]'],
    ['key ABSKQmVkcm9ja0FQSUtleS1hYmNk+/EFGH12= refused', 'key [redacted] refused'],
    ['key AIzaSyD-abc_0123456789ABCDEFGHIJKLMNOPQ refused', 'key [redacted] refused'],
  ])('knows the look of credentials: %s', (text, expected) => {
    expect(createRedactor([])(text)).toBe(expected)
  })

  it.each([
    'a task-force with risk-based, org-wide and org-administrators rules',
    'sk-learn and gw_short',
    'monkey=1, keyboard: max_tokens must be at most 8192',
    'call_abc123 toolu_01ABC chatcmpl-123',
  ])('leaves ordinary text alone: %s', (text) => {
    expect(createRedactor(['x', '', 'none'])(text)).toBe(text)
  })

  it('changes nothing in what it has cleaned', () => {
    const redact = createRedactor(['my-own-secret'])
    const once = redact('Bearer my-own-secret sk-abcdefghijkl ?key=my-own-secret')
    expect(redact(once)).toBe(once)
    expect(once).not.toMatch(/secret|abcdef/)
  })

  it('takes a secret with half a surrogate pair', () => {
    expect(createRedactor(['broken\ud800secret'])('a broken\ud800secret b')).toBe('a [redacted] b')
  })
})
