import { expect, it } from 'vitest'
import fc from 'fast-check'
import { createSseDecoder } from '../../src/lib/sse.ts'
import { scanJson, childSpans } from '../../src/lib/json.ts'

const enc = new TextEncoder()
const dec = new TextDecoder()
function run(parts: Uint8Array[]) {
  const d = createSseDecoder()
  const out: [string, string][] = []
  let bytes = ''
  for (const p of parts) { const b = d.push(p); for (const e of b.events) { out.push([e.event, e.data]); expect(e.end).toBeLessThanOrEqual(b.bytes.length) } bytes += dec.decode(b.bytes) }
  const b = d.end(); for (const e of b.events) out.push([e.event, e.data]); bytes += dec.decode(b.bytes)
  return { out, bytes }
}
it('splits', () => {
  const lf = ': hi\n\nevent: a\ndata: {"x":"é😀"}\n\ndata:one\ndata: two\n\n\n\ndata: last\n'
  for (const text of [lf, lf.replaceAll('\n', '\r\n'), lf.replaceAll('\n', '\r'), '\ufeff' + lf]) {
    const whole = run([enc.encode(text)]).out
    expect(whole).toEqual([['a', '{"x":"é😀"}'], ['', 'one\ntwo'], ['', 'last']])
    const b = enc.encode(text)
    for (let i = 1; i < b.length; i++) expect(run([b.subarray(0, i), b.subarray(i)]).out).toEqual(whole)
    expect(run([...b].map((x) => Uint8Array.of(x))).out).toEqual(whole)
  }
})
it('json', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (o, pretty) => {
    const t = JSON.stringify(o, null, pretty ? 2 : 0); const b = enc.encode(t)
    const s = scanJson(b, { maxDepth: 1000 })
    expect(s.topLevel.map((e) => [e.key, JSON.parse(dec.decode(b.subarray(e.valueStart, e.valueEnd)))])).toEqual(Object.entries(JSON.parse(t)))
    expect(childSpans(b, 0).map((e) => [e.key, JSON.parse(dec.decode(b.subarray(e.start, e.end)))])).toEqual(Object.entries(JSON.parse(t)))
  }))
})
