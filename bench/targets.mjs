// What is measured: each target starts a proxy in front of the mock upstream and says how it wants to be called.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { line, start } from './processes.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const proxyCore = 0

/** Bytes from the client's socket to the upstream's and back: the 1.0 of every ratio. */
export function rawProxy({ upstreamPort }) {
  return {
    name: 'raw node:http',
    async launch(nodeArgs = []) {
      const child = start(process.execPath, [...nodeArgs, here('raw-proxy.mjs'), String(upstreamPort)], { core: proxyCore })
      return { child, port: Number(await line(child)) }
    },
    model: (_, name) => name,
    headers: () => ({}),
  }
}

/** The same on Bun: Bun.serve and fetch, bytes passed on. */
export function rawFetch({ upstreamPort }) {
  return {
    name: 'raw Bun fetch',
    async launch() {
      const child = start('bun', [here('raw-fetch.mjs'), String(upstreamPort)], { core: proxyCore })
      return { child, port: Number(await line(child)) }
    },
    model: (_, name) => name,
    headers: () => ({}),
  }
}

/** Our gateway as it ships, with every feature on: keys, trace on disk, prices. */
export function metisGateway({ upstreamPort, directory }, options = {}) {
  const { name = 'metis-gateway', runtime = process.execPath, cli = here('../dist/cli.js') } = options
  if (!existsSync(cli)) throw new Error(`${cli} is missing: npm run build first`)
  const home = join(directory, name.replaceAll(' ', '-'))
  const db = join(home, 'metis.db')
  const config = join(home, 'config.json')
  const env = { PATH: process.env.PATH, HOME: directory, METIS_HOME: home }
  mkdirSync(home, { recursive: true, mode: 0o700 })
  // JSON is YAML.
  const providers = {
    ant: { wire: 'anthropic', base_url: `http://127.0.0.1:${upstreamPort}`, api_key: 'bench' },
    oai: { wire: 'openai', base_url: `http://127.0.0.1:${upstreamPort}/v1`, api_key: 'bench' },
  }
  const prices = { 'ant:*': { input: 1, output: 5 }, 'oai:*': { input: 1, output: 5 } }
  // Above what it ships with: the memory stage holds 1,200 streams.
  const limits = { concurrent_turns: 2_048 }
  writeFileSync(config, JSON.stringify({ providers, prices, limits }), { mode: 0o600 })
  const issue = ['issue-key', '--name', 'bench', '--workspace', directory, '--json', '--db', db, '--config', config]
  const { token } = JSON.parse(execFileSync(runtime, [cli, ...issue], { env, encoding: 'utf8' }))
  return {
    name,
    crossShape: true,
    async launch(nodeArgs = []) {
      const port = await freePort()
      const args = [...nodeArgs, cli, '--port', String(port), '--no-serve', '--db', db, '--config', config, '--log-level', 'warn']
      return { child: start(runtime, args, { core: proxyCore, env, cwd: directory }), port }
    },
    model: (wire, name) => `${wire === 'anthropic' ? 'ant' : 'oai'}:${name}`,
    headers: (shape) =>
      shape === 'anthropic' ? { 'x-api-key': token, 'anthropic-version': '2023-06-01' } : { authorization: `Bearer ${token}` },
  }
}

export function nginx({ upstreamPort, directory }) {
  const home = join(directory, 'nginx')
  mkdirSync(home, { recursive: true })
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`)
  return {
    name: 'nginx',
    native: true,
    async launch() {
      const port = await freePort()
      const file = join(home, 'nginx.conf')
      writeFileSync(
        file,
        `daemon off; worker_processes 1; pid ${home}/pid; error_log stderr error; events { worker_connections 8192; }
        http { access_log off; ${paths.join(' ')} upstream provider { server 127.0.0.1:${upstreamPort}; keepalive 512; }
        server { listen 127.0.0.1:${port} backlog=4096; client_max_body_size 64m; client_body_buffer_size 1m; keepalive_requests 1000000;
        location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
        proxy_read_timeout 300s; } } }`,
      )
      return { child: start('nginx', ['-c', file, '-p', home], { core: proxyCore }), port }
    },
    model: (_, name) => name,
    headers: () => ({}),
  }
}

/**
 * Portkey's gateway from npm, on request only (`--portkey` downloads it into a temporary folder). With the hono releases npm
 * resolves today its streaming answers are 500s (seen 2026-11), hence the overrides.
 */
export function portkey({ upstreamPort, directory }) {
  const home = join(directory, 'portkey')
  mkdirSync(home, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { '@portkey-ai/gateway': '1.15.2' },
    overrides: { hono: '4.9.7', '@hono/node-server': '1.3.3' },
  }
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return {
    name: 'Portkey 1.15.2',
    async launch(nodeArgs = []) {
      const port = await freePort()
      const script = join(home, 'node_modules/@portkey-ai/gateway/build/start-server.js')
      return {
        child: start(process.execPath, [...nodeArgs, script, `--port=${port}`, '--headless'], { core: proxyCore, cwd: home }),
        port,
      }
    },
    model: (_, name) => name,
    headers: (shape) => ({
      authorization: 'Bearer bench',
      'x-portkey-provider': shape,
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    }),
  }
}

/** A request for a target: `shape` is what the client speaks, `wire` what the upstream does. */
export function callOf(target, port, { shape, wire = shape, stream = null, messages = small }) {
  const model = target.model(wire, stream ?? 'bench-0-0')
  const headers = { 'content-type': 'application/json', ...target.headers(shape) }
  const path = shape === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'
  const body = JSON.stringify({ model, max_tokens: 1_024, stream: stream !== null, messages })
  return { origin: `http://127.0.0.1:${port}`, path, headers, body }
}

const small = [{ role: 'user', content: 'Say hello in one word.' }]
const paragraph = 'A line of “history” with quotes \\" and code: if (x) { return [1, 2, 3] }\n'.repeat(26)

/** A coding agent's history of about 200 kB. */
export const longHistory = Array.from({ length: 99 }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: paragraph,
}))

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
