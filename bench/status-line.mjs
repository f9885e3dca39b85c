// What the status line costs, a process at a time and in turn: the script with the gateway up and down, the Node program, and what
// their shells cost alone. On a throw-away ledger, with the demo's provider.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const runs = Number(process.argv[2] ?? 60)
const home = mkdtempSync(join(tmpdir(), 'metis-bench-'))
const env = { ...process.env, METIS_HOME: home }
const flags = ['--name', 'bench', '--workspace', '.', '--daily-cap-usd', '5', '--json']
const { token } = JSON.parse(
  spawnSync(process.execPath, [`${dist}cli.js`, 'issue-key', ...flags], { env, encoding: 'utf8' }).stdout,
)
const input = JSON.stringify({ session_id: 'bench', workspace: { current_dir: process.cwd() }, cost: { total_cost_usd: 0.42 } })

const { url, stop } = await startGateway()
const through = { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: token }
await fetch(`${url}/v1/messages`, {
  method: 'POST',
  headers: { 'x-api-key': token, 'content-type': 'application/json', 'x-claude-code-session-id': 'bench' },
  body: '{"model":"demo:claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Say hello in one word."}]}',
}).then((answer) => answer.text())

const script = [`${dist}statusline.sh`, '--node', process.execPath]
const alone = { 'sh -c :': ['sh', '-c', ':'], 'node -e 0': [process.execPath, '-e', '0'] }
measure({ ...alone, 'statusline.sh, gateway up': script })
await measureAnswer()
await stop()
measure({
  ...alone,
  'statusline.sh, gateway down': script,
  'statusline.cjs': [process.execPath, `${dist}statusline.cjs`],
  'cli.js statusline': [process.execPath, `${dist}cli.js`, 'statusline'],
})
rmSync(home, { recursive: true, force: true })

async function startGateway() {
  const gateway = spawn(process.execPath, [`${dist}cli.js`, 'start', '--port', '0', '--no-serve', '--demo'], { env })
  let said = ''
  for await (const chunk of gateway.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk
    const [, at] = /gateway is on (\S+)/.exec(said) ?? []
    if (at !== undefined) return { url: at, stop: () => Promise.all([once(gateway, 'exit'), gateway.kill('SIGKILL')]) }
  }
  throw new Error(`the gateway did not start: ${said}`)
}

function measure(programs) {
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
  for (let run = 0; run < runs; run++) {
    for (const [name, [command, ...argv]] of Object.entries(programs)) {
      const start = process.hrtime.bigint()
      const { stdout } = spawnSync(command, argv, { input, env: { ...env, ...through }, encoding: 'utf8' })
      times[name].push(Number(process.hrtime.bigint() - start) / 1e6)
      if (name.includes('statusline') && !stdout.includes('session $')) throw new Error(`${name} said: ${stdout}`)
    }
  }
  for (const [name, all] of Object.entries(times)) print(name, all)
}

/** The gateway's own part, over a connection that is kept. */
async function measureAnswer() {
  const times = []
  for (let run = 0; run < runs * 5; run++) {
    const start = process.hrtime.bigint()
    const headers = { 'x-api-key': token, 'content-type': 'application/json', 'x-metis-project': 'p', 'x-metis-branch': 'b' }
    await fetch(`${url}/statusline`, { method: 'POST', headers, body: input }).then((answer) => answer.text())
    times.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  print('POST /statusline', times)
}

function print(name, all) {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1).padStart(6)
  process.stdout.write(`${name.padEnd(28)} least ${at(0)} ms  median ${at(0.5)} ms\n`)
}
