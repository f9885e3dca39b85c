// A `traceparent` header (W3C Trace Context): which span of the client's own a request belongs to.

export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
  /** False: the client does not keep this trace, and nobody after it should. */
  readonly sampled: boolean
}

const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** What is longer is nobody's trace: parts of a header keep all of it in memory until the span is sent. */
const MOST_CHARACTERS = 256

/** undefined = there is none, or it is none: then the trace begins here, as the standard asks. */
export function traceParentOf(header: string | null): TraceParent | undefined {
  if (header !== null && header.length > MOST_CHARACTERS) return undefined
  const [, version, traceId, spanId, flags, more] = pattern.exec(header ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  // Later versions may add fields; the first one has none.
  if (version === '00' && more !== undefined) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}
