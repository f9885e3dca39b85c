// Each example, run as its first lines say, against the demo provider.
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transform } from 'esbuild'
import { root } from './support/import-graph.ts'
import { startRunningGateway, type RunningGateway } from './support/running-gateway.ts'

const examples = join(root, 'examples')
const have = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
const shellTools = have('curl') && have('jq')

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startRunningGateway()
})
afterAll(() => gateway.stop())

describe('each example says how it is run, and has a test here', () => {
  it.each(readdirSync(examples).filter((name) => name !== 'README.md' && name !== 'deploy'))('%s', (name) => {
    expect(readFileSync(join(examples, name), 'utf8')).toContain(`examples/${name}`)
    expect(readFileSync(join(root, 'test/examples.test.ts'), 'utf8')).toContain(`'${name}'`)
  })
})

it.skipIf(!shellTools)('curl.sh shows both doors, a stream and the bill', async () => {
  const { code, stdout, stderr } = await gateway.run('bash', [join(examples, 'curl.sh')])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.match(/"text": "Hello!"/g)).toHaveLength(2)
  expect(stdout).toContain('event: message_stop')
  expect(stdout).toMatch(/"gateway_key_id": "gk_/)
})

it.each(['openai.ts', 'anthropic.ts'])('%s shows an answer, a stream and a tool round trip', async (name) => {
  const { code: javascript } = await transform(readFileSync(join(examples, name), 'utf8'), { loader: 'ts', format: 'esm' })
  const { code, stdout, stderr } = await gateway.run(process.execPath, ['--input-type=module', '-e', javascript])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^answer: Hello!\nstream: [\s\S]+ \([1-9]\d* tokens\)\nafter the tool: The tool answered/)
})

it.skipIf(!have('python3')).each([
  ['openai_python.py', 'openai'],
  ['anthropic_python.py', 'anthropic'],
])('%s compiles, and runs where %s is installed', async (name, sdk) => {
  const path = join(examples, name)
  const compiled = await gateway.run('python3', ['-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read())', path])
  expect(compiled).toMatchObject({ code: 0 })
  if ((await gateway.run('python3', ['-c', `import ${sdk}`])).code !== 0) return
  const { code, stdout, stderr } = await gateway.run('python3', [path])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^answer: Hello!\nstream: [\s\S]+ \([1-9]\d* tokens\)\nafter the tool: The tool answered/)
})

it.skipIf(!have('curl'))('claude-code.sh gives claude the address and the token, and its own arguments', async () => {
  const claude = join(gateway.home, 'bin/claude')
  const headers = '-H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" -H "content-type: application/json"'
  const body = `'{"model":"haiku","max_tokens":9,"messages":[{"role":"user","content":"Say hello in one word."}]}'`
  writeFileSync(claude, `#!/bin/sh\necho "args: $*"\ncurl -s "$ANTHROPIC_BASE_URL/v1/messages?beta=true" ${headers} -d ${body}\n`)
  chmodSync(claude, 0o755)
  const { code, stdout } = await gateway.run('bash', [join(examples, 'claude-code.sh'), '-p', 'hi there'])
  expect(code).toBe(0)
  expect(stdout).toContain('args: -p hi there')
  expect(stdout).toContain('Hello!')
})

it.skipIf(!have('curl'))('codex.sh gives codex the address, the token and the wire, and its own arguments', async () => {
  const codex = join(gateway.home, 'bin/codex')
  const headers = '-H "authorization: Bearer $GW_TOKEN" -H "content-type: application/json"'
  const body = `'{"model":"haiku","stream":true,"input":"Say hello in one word."}'`
  const address = `$(echo "$*" | sed 's/.*base_url = "\\([^"]*\\)".*/\\1/')`
  writeFileSync(codex, `#!/bin/sh\necho "args: $*"\ncurl -s "${address}/responses" ${headers} -d ${body}\n`)
  chmodSync(codex, 0o755)
  const { code, stdout } = await gateway.run('bash', [join(examples, 'codex.sh'), 'exec', 'hi there'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/args: .*wire_api = "responses".* exec hi there/)
  expect(stdout).toContain('event: response.completed')
})
