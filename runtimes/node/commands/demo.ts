// `demo`: everything offline on a throw-away database: the demo provider, sample traffic, gateway and serve running.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { curlLine } from './clients.ts'
import { defineCommand } from './command.ts'
import { CommandError } from './faults.ts'
import { jsonFlag, oneOf, port } from './flags.ts'
import type { Io } from './io.ts'
import { defaultHost, defaultPort, openPort } from './listening.ts'
import { startServeBeside, type ServeBeside } from './serve-child.ts'
import { stopAsked } from './signals.ts'

export const demo = defineCommand({
  name: 'demo',
  summary: 'try everything offline, with sample traffic and no provider key',
  flags: {
    port: port('port of the gateway (default 8422)'),
    'serve-port': port('port of serve (default 8421)'),
    'log-level': oneOf(['debug', 'info', 'warn', 'error'], 'least level that is logged (default warn)'),
    json: jsonFlag,
  },
  examples: ['metis-gateway demo', 'metis-gateway demo --port 9422 --serve-port 9421'],
  async run({ flags, io }) {
    const home = await mkdtemp(join(tmpdir(), 'metis-demo-'))
    // At exit, so that it goes when a second signal cuts the end short, too.
    process.once('exit', () => rmSync(home, { recursive: true, force: true }))
    const env = { ...bareEnvironment(io), METIS_HOME: home }
    const { openNode } = await import('../context.ts')
    const context = await openNode({ env, demo: 'only', maintenance: true, logLevel: flags['log-level'] ?? 'warn' })
    let beside: ServeBeside | null = null
    try {
      const { startGateway } = await import('../gateway-process.ts')
      const wanted = flags.port ?? defaultPort.gateway
      const gateway = await openPort(wanted, defaultHost, 'port', () => startGateway(context, { port: wanted }))
      const stopped = stopAsked()
      const servePort = flags['serve-port'] ?? defaultPort.serve
      beside = await startServeBeside({ port: servePort, flags: ['--demo', '--log-level', 'warn'], env, reuse: false })
      if (beside.url === null) throw new CommandError('serve did not start; the line above says why')
      const { writeSampleTraffic } = await import('../demo-traffic.ts')
      const sample = await writeSampleTraffic(context)
      const { keyId, token } = await context.keys.issue({ name: 'demo', workspace: io.cwd }, { actor: 'demo', origin: 'cli' })
      const running = { gateway: gateway.url, serve: beside.url, database: context.dbPath, key_id: keyId, token }
      if (flags.json) io.out(JSON.stringify({ ...running, turns: sample.turns }))
      else for (const line of introduction(running, sample)) io.out(line)
      await stopped
      await gateway.close()
    } finally {
      await beside?.stop()
      await context.close()
    }
    return 0
  },
})

interface Running {
  readonly gateway: string
  readonly serve: string
  readonly database: string
  readonly key_id: string
  readonly token: string
}

interface Sample {
  readonly turns: number
  readonly users: number
  readonly teams: number
  readonly keys: number
}

function introduction(running: Running, sample: Sample): readonly string[] {
  return [
    `The demo is running: nothing leaves this machine, and all of it is gone when it stops (Ctrl-C).`,
    '',
    `  gateway    ${running.gateway}`,
    `  serve      ${running.serve}`,
    `  dashboard  ${running.serve}/dashboard/`,
    `  database   ${running.database}`,
    '',
    `${sample.turns} turns of ${sample.users} users in ${sample.teams} teams, made with ${sample.keys} keys, are on record:`,
    '',
    `curl '${running.serve}/analytics/by_team?window=30d'`,
    '',
    'Make a call of your own:',
    '',
    `key_id: ${running.key_id}`,
    `token:  ${running.token}`,
    '',
    curlLine({ url: running.gateway, token: running.token }, 'haiku'),
  ]
}

/** What programs need of an environment, without anybody's provider keys: the demo can reach no provider. */
function bareEnvironment({ env }: Io): Record<string, string> {
  const kept = /^(?:PATH|HOME|TMPDIR|TERM|TZ|LANG|LC_\w+|NO_COLOR|FORCE_COLOR|NODE_\w+|SystemRoot|TEMP|TMP)$/i
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && kept.test(name) ? [[name, value]] : [])),
  )
}
