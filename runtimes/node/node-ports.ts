// Node's ports: node:http on this side, an undici Agent on the other, and nothing of the web's streams in between.
import { listen } from './listen.ts'
import type { Ports } from './ports.ts'
import { nodeByteText, nodeReadBody } from './read-body.ts'
import { incomingOf, onSocketGone } from './request.ts'
import { nodeRespond } from './respond.ts'
import { createSend } from './send.ts'

export const nodePorts: Ports = {
  listen,
  createSend,
  readBody: nodeReadBody,
  byteText: nodeByteText,
  onClientGone: onSocketGone,
  peerAddress: (request) => incomingOf(request)?.socket.remoteAddress ?? null,
  respond: nodeRespond,
}
