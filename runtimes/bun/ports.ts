// Bun's ports: Bun.serve, its fetch, and web streams, which are native there.
import { webOnClientGone, webRespond } from '../../src/gateway/web-ports.ts'
import { createWebSend } from '../../src/providers/web-send.ts'
import type { UpstreamFault } from '../../src/services.ts'
import type { Ports } from '../node/ports.ts'
import { nodeByteText } from '../node/read-body.ts'
import { listenOnBun, peerAddressOf } from './listen.ts'
import { bunReadBody } from './read-body.ts'

/** `timeout: false`: Bun's own limit would end a silence that ours allows. */
const init = { timeout: false }

export const bunPorts: Ports = {
  listen: listenOnBun,
  createSend: () => ({
    send: createWebSend((url, request) => fetch(url, Object.assign(request, init)), faultOf),
    close: () => Promise.resolve(),
  }),
  readBody: bunReadBody,
  byteText: nodeByteText,
  onClientGone: webOnClientGone,
  peerAddress: peerAddressOf,
  respond: webRespond,
}

/** Bun names its errors by `code`: its own words, or the system's. */
function faultOf(error: unknown): UpstreamFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNRESET' || code === 'ConnectionClosed') return 'reset'
  return /^(?:Malformed|InvalidHTTP|HPE_)/.test(code) ? 'malformed' : 'connect'
}
