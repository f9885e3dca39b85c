// What the documents say is true: their commands run, their programs run, their tables are complete, their links lead somewhere.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import manifest from '../package.json' with { type: 'json' }
import { commands } from '../runtimes/node/commands/index.ts'
import { resolveConfig } from '../src/config/resolve.ts'
import { configFile } from '../src/config/schema.ts'
import { presets } from '../src/providers/presets.ts'
import { auditTypes, eventPayloads } from '../src/store/events.ts'
import { documents, type Block } from './support/markdown.ts'
import { root } from './support/import-graph.ts'
import { startRunningGateway, type RunningGateway } from './support/running-gateway.ts'

const docs = documents()
const blocks = docs.flatMap((document) => document.blocks)
const place = (block: Block): string => `${block.file}:${block.line}`
const have = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
const tools = ['curl', 'jq', 'sqlite3'].filter((tool) => !have(tool))

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startRunningGateway()
  // So that what looks for failed and cancelled calls finds some.
  expect((await call('demo:fail-500')).status).toBe(500)
  const leaving = new AbortController()
  const cancelled = await call('haiku', leaving.signal)
  leaving.abort()
  await expect(cancelled.text()).rejects.toThrow()
})

function call(model: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Tell me a long story.' }] }),
    ...(signal === undefined ? {} : { signal }),
  })
}

afterAll(() => gateway.stop())

describe('every shell block that is not marked no-run', () => {
  const shell = blocks.filter((block) => block.info === 'sh')

  it('is there in numbers', () => expect(shell.length).toBeGreaterThan(20))

  for (const block of shell) {
    const missing = tools.filter((tool) => block.text.includes(tool))
    it.skipIf(missing.length > 0)(
      `${place(block)} runs${missing.length > 0 ? ` (${missing.join(', ')} not installed)` : ''}`,
      async () => {
        const { code, stdout, stderr } = await gateway.run('bash', ['-euo', 'pipefail', '-c', gateway.readdress(block.text)])
        expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' })
        if (!block.text.includes('/dev/null')) expect(stdout).not.toBe('')
        // curl reports an HTTP error as success: the envelopes of both doors and of serve begin so.
        expect(stdout).not.toMatch(/^\{"(?:type":")?error"/m)
      },
    )
  }
})

describe('the promises of the client quickstart', () => {
  const block = (text: string): Block => {
    const found = blocks.find(
      ({ file, info, text: body }) => file === 'docs/quickstart-clients.md' && info === 'sh' && body.includes(text),
    )
    if (found === undefined) throw new Error(`no block with ${text}`)
    return found
  }
  const run = (text: string) => gateway.run('bash', ['-euo', 'pipefail', '-c', gateway.readdress(block(text).text)])

  it.skipIf(tools.length > 0)('the call is on record with key, resolved model and a cost below a cent', async () => {
    await run('Say hello in one word.')
    const { stdout } = await run("json_extract(payload_json, '$.gateway_key_id')")
    const [keyId = '', model = '', cost = ''] = stdout.trim().split('|')
    expect([keyId, model]).toEqual([expect.stringMatching(/^gk_\w{26}$/), expect.stringMatching(/^demo:/)])
    expect(Number(cost)).toBeGreaterThan(0)
    expect(Number(cost)).toBeLessThan(0.01)
  })

  it.skipIf(tools.length > 0)('a cancelled call says so, with the tokens that were delivered', async () => {
    const { stdout } = await run('--max-time 0.5')
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^demo:[^|]+\|CANCELLED\|\d+$/)
  })

  it.skipIf(tools.length > 0)('three rows for one call, their ids in order', async () => {
    const { stdout } = await run('# 4. on record')
    const types = stdout
      .trim()
      .split('\n')
      .slice(-5)
      .map((line) => line.split('|')[0])
    expect(new Set(types)).toEqual(new Set(['turn.completed', 'llm.call_completed', 'route.decided']))
  })
})

describe('every program in the documents', () => {
  for (const block of blocks.filter(({ info }) => info === 'ts'))
    it(`${place(block)} runs`, async () => {
      const { code: javascript } = await transform(gateway.readdress(block.text), { loader: 'ts', format: 'esm' })
      const { code, stdout, stderr } = await gateway.run(process.execPath, ['--input-type=module', '-e', javascript])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('Hello')
    })

  for (const block of blocks.filter(({ info }) => info === 'python'))
    it.skipIf(!have('python3'))(`${place(block)} compiles, and runs where its SDK is installed`, async () => {
      const text = gateway.readdress(block.text)
      const check = await gateway.run('python3', ['-c', `import ast, sys; ast.parse(sys.argv[1])`, text])
      expect(check).toMatchObject({ code: 0 })
      const sdk = /from (\w+) import \w+\n\n/.exec(text)?.[1] ?? ''
      if ((await gateway.run('python3', ['-c', `import ${sdk}`])).code !== 0) return
      expect((await gateway.run('python3', ['-c', text])).stdout).toContain('Hello')
    })
})

describe('every command line in the documents, run or not', () => {
  const lines = blocks
    .filter(({ info }) => info.split(' ')[0] === 'sh')
    .flatMap((block) =>
      block.text
        .replaceAll(/\\\n\s*/g, ' ')
        .split('\n')
        .flatMap((line) =>
          [...line.matchAll(/(?:^|\$\()(?:metis-gateway|metis)((?: [^|)#$]+)?)/g)].map((match) => ({
            block,
            argv: (match[1] ?? '').trim(),
          })),
        ),
    )

  it.each(lines.map(({ block, argv }) => [`${place(block)} metis-gateway ${argv}`, argv] as const))(
    '%s names a command and flags that exist',
    (_, argv) => {
      const words = argv.split(/\s+/).filter((word) => word !== '')
      const [first = 'start'] = words[0] === 'gateway' ? words.slice(1) : words
      const named = words.slice(words[0] === 'gateway' ? 1 : 0, words[0] === 'gateway' ? 3 : 2).join(' ')
      const command =
        commands.find(({ name }) => name === named) ??
        commands.find(({ name }) => name === (first.startsWith('-') ? 'start' : first))
      expect(command?.name).toBeDefined()
      const flags = words.filter((word) => /^--\w/.test(word)).map((word) => word.slice(2).split('=')[0] ?? '')
      expect(flags.filter((flag) => !Object.hasOwn(command?.flags ?? {}, flag))).toEqual([])
    },
  )

  it('npm scripts that are named exist', () => {
    const named = blocks.flatMap(({ text }) =>
      [...text.matchAll(/npm (?:run (?:-s )?)?(test|demo|build|check|bench)\b/g)].map((match) => match[1] ?? ''),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([])
  })

  it('the README begins with the two lines, and continuous integration finds the second', () => {
    const [first] = docs.find(({ file }) => file === 'README.md')?.blocks ?? []
    expect(first?.text).toBe('npm ci && npm run demo\nnpm ci && npm test\n')
    expect(readFileSync(join(root, '.ci/run'), 'utf8')).toContain("grep -m1 -E '^npm ci && npm test' README.md")
  })
})

describe('the tables are complete', () => {
  const textOf = (file: string): string => docs.find((document) => document.file === file)?.text ?? ''

  it('configuration.md: every key of the schema, every preset and its variable', () => {
    const text = textOf('docs/configuration.md')
    const keys = keysOf(z.toJSONSchema(configFile, { io: 'input' }))
    expect(keys).toEqual(
      expect.arrayContaining(['providers', 'max_tokens_field', 'web_search_per_1000', 'concurrent_turns', 'drain_ms', 'auth']),
    )
    expect(keys.filter((key) => !new RegExp(String.raw`\b${key}\b`).test(text))).toEqual([])
    for (const { name, keyVariables, baseUrlVariable } of presets) {
      expect(text).toContain(`\`${name}\``)
      expect(text).toContain(baseUrlVariable ?? keyVariables.at(-1) ?? name)
    }
  })

  it('configuration.md: its example is a valid configuration, and says the defaults', () => {
    const example = blocks.find(({ file, info }) => file === 'docs/configuration.md' && info === 'yaml')
    const env = { ANTHROPIC_API_KEY: 'sk-ant-test' }
    const config = resolveConfig({ file: parse(example?.text ?? ''), env, presets })
    const defaults = resolveConfig({ file: {}, env, presets })
    for (const key of [
      'limits',
      'durability',
      'allowedHosts',
      'corsOrigins',
      'trustedProxies',
      'drainMs',
      'keepAliveMs',
      'serveAuth',
    ] as const)
      expect(config[key]).toEqual(defaults[key])
  })

  it('trace.md: every event type and every field', () => {
    const text = textOf('docs/trace.md')
    for (const type of [...Object.keys(eventPayloads), ...auditTypes]) expect(text).toContain(type)
    const fields = Object.values(eventPayloads).flatMap((schema) => Object.keys(schema.shape))
    expect([...new Set(fields)].filter((field) => !text.includes(`\`${field}\``))).toEqual([])
  })

  it('cli.md: every command and every flag', () => {
    const text = textOf('docs/cli.md')
    for (const { name, flags } of commands) {
      expect(text).toMatch(new RegExp(`^## .*\\b${name.split(' ')[0] ?? name}\\b`, 'm'))
      expect(text).toContain(name)
      for (const flag of Object.keys(flags))
        expect(text, `${name} --${flag}`).toContain(flag === 'url' ? '127.0.0.1' : `--${flag}`)
    }
  })
})

it.each(docs.map((document) => [document.file, document] as const))('%s: every link leads somewhere', (file, { links }) => {
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : join(dirname(file), path).replace(/\/$/, '')
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && !docs.find((document) => document.file === target)?.anchors.has(anchor)
  })
  expect(broken).toEqual([])
})

it.each(docs.map(({ file, text }) => [file, text] as const))(
  '%s: every picture is there in both themes, and light',
  (file, text) => {
    const pictures = [...text.matchAll(/(?:src|srcset)="([^"]+\.webp)"/g)].map(([, path = '']) => join(dirname(file), path))
    expect(pictures.filter((path) => !existsSync(join(root, path)))).toEqual([])
    expect(pictures.filter((path) => statSync(join(root, path)).size > 100_000)).toEqual([])
    const themes = pictures.map((path) => path.replace(/-(light|dark)\.webp$/, ''))
    expect(themes.filter((name) => themes.filter((other) => other === name).length % 2 === 1)).toEqual([])
  },
)

/** Every property name in a JSON schema. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own =
    'properties' in schema && typeof schema.properties === 'object' && schema.properties !== null
      ? Object.keys(schema.properties)
      : []
  return [...own, ...Object.values(schema).flatMap(keysOf)]
}
