// nginx and Caddy of this machine in front of our two servers, with the files of examples/deploy: only addresses, ports and the
// certificate are put in their places.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { eventually } from './deadline.ts'
import { freePort } from './free-port.ts'
import { root } from './import-graph.ts'
import { startProcess, type Program } from './program.ts'

export interface ReverseProxy {
  readonly port: number
  /** What its clients must trust. */
  readonly certificate: string
  stop(): Promise<void>
}

export interface Backends {
  /** For its files. */
  readonly folder: string
  /** `127.0.0.1:PORT`. */
  readonly gateway: string
  readonly serve: string
}

const example = (name: string): string => readFileSync(join(root, 'examples/deploy', name), 'utf8')

function find(tool: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.map((folder) => join(folder, tool)).find((path) => existsSync(path)) ?? null
}

const [nginx, caddy, openssl] = ['nginx', 'caddy', 'openssl'].map(find)

/** null = this machine has it not. */
export const reverseProxies: Readonly<Record<'nginx' | 'Caddy', ((backends: Backends) => Promise<ReverseProxy>) | null>> = {
  nginx: nginx && openssl ? (backends) => startNginx(nginx, openssl, backends) : null,
  Caddy: caddy && openssl ? (backends) => startCaddy(caddy, openssl, backends) : null,
}

async function startNginx(nginxPath: string, opensslPath: string, backends: Backends): Promise<ReverseProxy> {
  const { folder } = backends
  const port = await freePort()
  const { certificate, certificatePath, keyPath } = makeCertificate(opensslPath, folder)
  const site = put(example('nginx.conf'), [
    ['127.0.0.1:8422', backends.gateway],
    ['127.0.0.1:8421', backends.serve],
    ['listen 443', `listen 127.0.0.1:${port}`],
    ['/etc/ssl/metis/fullchain.pem', certificatePath],
    ['/etc/ssl/metis/privkey.pem', keyPath],
  ])
  writeFileSync(join(folder, 'site.conf'), site)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`)
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off; pid ${folder}/nginx.pid; error_log stderr warn;
events {}
http { access_log off; ${temporary.join(' ')}
include ${folder}/site.conf; }\n`,
  )
  const program = startProcess(nginxPath, ['-c', join(folder, 'nginx.conf')], { home: folder })
  return running(program, port, certificate)
}

async function startCaddy(caddyPath: string, opensslPath: string, backends: Backends): Promise<ReverseProxy> {
  const { folder } = backends
  const port = await freePort()
  const { certificate, certificatePath, keyPath } = makeCertificate(opensslPath, folder)
  const sites = put(
    example('Caddyfile'),
    ['LLM_NAME:llm', 'METIS_NAME:metis'].map((name) => [
      `{$${name}.example.com} {`,
      `{$${name}.example.com} {\n\tbind 127.0.0.1\n\ttls ${certificatePath} ${keyPath}`,
    ]),
  )
  const path = join(folder, 'Caddyfile')
  writeFileSync(path, `{\n\tadmin off\n\tauto_https off\n}\n${sites}`)
  const names = { LLM_NAME: `https://llm.example.com:${port}`, METIS_NAME: `https://metis.example.com:${port}` }
  const env = {
    ...names,
    METIS_GATEWAY: backends.gateway,
    METIS_SERVE: backends.serve,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  }
  const program = startProcess(caddyPath, ['run', '--config', path, '--adapter', 'caddyfile'], { home: folder, env })
  return running(program, port, certificate)
}

/** @throws Error when the file has something not: then it is no longer what is tested */
function put(text: string, places: readonly (readonly [from: string, to: string])[]): string {
  return places.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`there is no ${from} in the example`)
    return result.replaceAll(from, to)
  }, text)
}

async function running(program: Program, port: number, certificate: string): Promise<ReverseProxy> {
  await eventually(10_000, 'the proxy to listen', () => answers(port)).catch((error: unknown) => {
    program.signal('SIGKILL')
    throw new Error(`${String(error)}; it said: ${program.stderr()}`)
  })
  return {
    port,
    certificate,
    async stop() {
      program.signal('SIGTERM')
      await program.ended
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function makeCertificate(opensslPath: string, folder: string) {
  const [certificatePath, keyPath] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')]
  const names = 'subjectAltName=DNS:llm.example.com,DNS:metis.example.com'
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath]
  const request = ['req', '-x509', ...key, '-out', certificatePath, '-days', '2', '-subj', '/CN=test', '-addext', names]
  execFileSync(opensslPath, request, { stdio: ['ignore', 'ignore', 'pipe'] })
  return { certificate: readFileSync(certificatePath, 'utf8'), certificatePath, keyPath }
}
