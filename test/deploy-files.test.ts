// The files of examples/deploy that cannot run everywhere: what can be checked of them without Docker and without systemd as
// the first process. nginx's and Caddy's are run, in e2e/reverse-proxies.test.ts.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import manifest from '../package.json' with { type: 'json' }
import { commands } from '../runtimes/node/commands/index.ts'
import { configFile } from '../src/config/schema.ts'
import { root } from './support/import-graph.ts'

const folder = join(root, 'examples/deploy')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const documented = readFileSync(join(root, 'docs/deployment.md'), 'utf8')
const variables = new Set(
  [...readFileSync(join(root, 'docs/configuration.md'), 'utf8').matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name),
)

/** @throws Error when it is no line of ours */
function commandOf([name = '', ...argv]: readonly string[]): readonly string[] {
  const command = commands.find((one) => one.name === name)
  if (command === undefined) throw new Error(`there is no command ${name}`)
  return argv.filter((word) => word.startsWith('--')).filter((flag) => !(flag.slice(2) in command.flags))
}

it.each(readdirSync(folder))('%s says what it is, and the document has it', (name) => {
  expect(read(name)).toContain(`examples/deploy/${name}`)
  expect(documented).toContain(`(../examples/deploy/${name})`)
})

describe('compose.yaml', () => {
  const service = z.looseObject({
    command: z.array(z.string()).optional(),
    environment: z.record(z.string(), z.string()),
    env_file: z.array(z.string()).optional(),
    healthcheck: z
      .object({ test: z.array(z.string()) })
      .loose()
      .optional(),
    networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]),
    ports: z.array(z.string()).optional(),
  })
  const compose = z
    .looseObject({
      services: z.object({ postgres: service, gateway: service, serve: service, caddy: service }),
      configs: z.object({ metis: z.object({ content: z.string() }) }),
      networks: z.object({
        inside: z.object({ internal: z.literal(true) }),
        outside: z.object({ ipam: z.object({ config: z.unknown() }) }),
      }),
    })
    .parse(parse(read('compose.yaml'), { merge: true }))
  const { postgres, gateway, serve, caddy } = compose.services

  it('starts our servers with commands and flags that there are, and variables that we read', () => {
    for (const { command = [], environment } of [gateway, serve]) {
      expect(commandOf(command)).toEqual([])
      expect(Object.keys(environment).filter((name) => !variables.has(name))).toEqual([])
    }
  })

  it('gives the admin token to serve alone: not to the gateway, whose file of keys holds nothing else', () => {
    expect(Object.keys(serve.environment)).toContain('METIS_ADMIN_TOKEN')
    expect(Object.keys(gateway.environment)).not.toContain('METIS_ADMIN_TOKEN')
    expect([gateway.env_file, serve.env_file]).toEqual([['providers.env'], ['providers.env']])
    const [, keys = ''] = /cat > providers\.env <<END\n([^]*?)\nEND/.exec(documented) ?? []
    expect(keys.split('\n').filter((line) => !/^[A-Z]+_API_KEY=/.test(line))).toEqual([])
    expect(keys).not.toBe('')
  })

  it('gives them a configuration that we take, which trusts Caddy and nobody else', () => {
    const content = compose.configs.metis.content.replaceAll(/\$\{(\w+):\?[^}]*\}/g, '$1.example.com')
    expect(configFile.parse(parse(content)).trusted_proxies).toEqual(['172.30.84.2'])
    // By one way alone, and at an address that nobody else is given.
    expect(caddy.networks).toEqual({ outside: { ipv4_address: '172.30.84.2' } })
    expect(compose.networks.outside.ipam.config).toEqual([{ subnet: '172.30.84.0/24', ip_range: '172.30.84.128/25' }])
  })

  it('lets nothing but Caddy out of the machine, and Caddy reads the names that the Caddyfile asks for', () => {
    expect([postgres.ports, gateway.ports, serve.ports]).toEqual([undefined, undefined, undefined])
    expect(postgres.networks).toEqual(['inside'])
    const asked = [...read('Caddyfile').matchAll(/\{\$(\w+):/g)].map(([, name]) => name)
    expect(Object.keys(caddy.environment).toSorted()).toEqual(asked.toSorted())
  })
})

describe('Dockerfile', () => {
  const text = read('Dockerfile')

  it('runs as nobody special, on a Node that brings SQLite, with the pg that is tested', () => {
    expect(text).toMatch(/^USER node$/m)
    expect([...text.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => Number(version))).toEqual([22, 22])
    expect(text).toContain(`pg@${manifest.devDependencies.pg}`)
  })

  it('starts with a command that there is, and asks a path that is answered', () => {
    const [, argv = '[]'] = /^CMD (\[.*\])$/m.exec(text) ?? []
    expect(commandOf(z.array(z.string()).parse(JSON.parse(argv)))).toEqual([])
    expect(text).toContain('http://127.0.0.1:8422/readyz')
  })
})

describe('metis-gateway.service', () => {
  const unit = read('metis-gateway.service')
  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0

  it('starts a command with flags that there are', () => {
    const [, line = ''] = /^ExecStart=\S+ metis-gateway (.*)$/m.exec(unit) ?? []
    expect(commandOf(line.split(' '))).toEqual([])
  })

  it.skipIf(!analyze)(`is what systemd takes${analyze ? '' : ' (skipped: no systemd-analyze on this machine)'}`, () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, 'metis-gateway.service')], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
