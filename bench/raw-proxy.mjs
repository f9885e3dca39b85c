// The least a proxy on Node can do: node:http in, node:http out, bytes passed on. What our gateway is compared with.
// `node bench/raw-proxy.mjs UPSTREAM_PORT` prints its port.
import { Agent, createServer, request } from 'node:http'

const upstreamPort = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 2_048 })

const server = createServer((incoming, outgoing) => {
  const upstream = request({
    agent,
    host: '127.0.0.1',
    port: upstreamPort,
    path: incoming.url,
    method: incoming.method,
    headers: { ...incoming.headers, host: `127.0.0.1:${upstreamPort}` },
  })
  upstream.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers)
    answer.pipe(outgoing)
  })
  upstream.on('error', () => outgoing.destroy())
  outgoing.on('close', () => upstream.destroyed || outgoing.writableFinished || upstream.destroy())
  incoming.pipe(upstream)
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', 4_096, () => console.log(server.address().port))
