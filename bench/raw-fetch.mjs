// The least a proxy on Bun can do: Bun.serve in, its fetch out, bodies handed on unread. What our gateway on Bun is compared with.
// `bun bench/raw-fetch.mjs UPSTREAM_PORT` prints its port.
const upstream = `http://127.0.0.1:${process.argv[2]}`

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  development: false,
  async fetch(request) {
    const { pathname } = new URL(request.url)
    const answer = await fetch(upstream + pathname, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal: request.signal,
      redirect: 'manual',
      timeout: false,
    })
    return new Response(answer.body, { status: answer.status, headers: answer.headers })
  },
})
console.log(server.port)
