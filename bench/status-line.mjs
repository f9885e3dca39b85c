// What the status line costs beyond Node's own start: `node -e 0` and dist/statusline.cjs in turn, on a throw-away ledger.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const runs = Number(process.argv[2] ?? 60)
const home = mkdtempSync(join(tmpdir(), 'metis-bench-'))
const env = { ...process.env, METIS_HOME: home }
const issued = ['issue-key', '--name', 'bench', '--workspace', '.', '--daily-cap-usd', '5', '--json']
const { token } = JSON.parse(spawnSync(process.execPath, [`${dist}cli.js`, ...issued], { env, encoding: 'utf8' }).stdout)
const input = JSON.stringify({ session_id: 'bench', workspace: { current_dir: process.cwd() }, cost: { total_cost_usd: 0.42 } })

const programs = {
  'node -e 0': ['-e', '0'],
  'dist/statusline.cjs': [`${dist}statusline.cjs`],
  'cli.js statusline': [`${dist}cli.js`, 'statusline'],
}
const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
for (let run = 0; run < runs; run++) {
  for (const [name, argv] of Object.entries(programs)) {
    const start = process.hrtime.bigint()
    spawnSync(process.execPath, argv, { input, env: { ...env, ANTHROPIC_AUTH_TOKEN: token } })
    times[name].push(Number(process.hrtime.bigint() - start) / 1e6)
  }
}
rmSync(home, { recursive: true, force: true })
for (const [name, all] of Object.entries(times)) {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1).padStart(6)
  process.stdout.write(`${name.padEnd(20)} least ${at(0)} ms  median ${at(0.5)} ms\n`)
}
