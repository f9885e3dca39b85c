import { describe, expect, it } from 'vitest'
import { traceParentOf } from '../../src/lib/trace-parent.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('traceparent', () => {
  it.each([
    ['sampled', `00-${traceId}-${spanId}-01`, true],
    ['not sampled', `00-${traceId}-${spanId}-00`, false],
    ['with flags of later versions', `00-${traceId}-${spanId}-ff`, true],
    ['of a later version, with more in it', `cc-${traceId}-${spanId}-01-what-the-future-will-be`, true],
  ])('is read when it is %s', (_, header, sampled) => {
    expect(traceParentOf(header)).toEqual({ traceId, spanId, sampled })
  })

  it.each([
    ['absent', null],
    ['empty', ''],
    ['of version ff, which there is not', `ff-${traceId}-${spanId}-01`],
    ['of version 00 with more in it', `00-${traceId}-${spanId}-01-more`],
    ['in upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['of no trace', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['of no span', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['of a later version, and longer than any', `cc-${traceId}-${spanId}-01-${'x'.repeat(300)}`],
    ['cut', `00-${traceId}-${spanId}`],
    ['sent twice', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
  ])('is passed over when it is %s', (_, header) => {
    expect(traceParentOf(header)).toBeUndefined()
  })
})
