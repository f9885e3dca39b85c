// `start`, and what happens without a command: the gateway, and serve beside it.
import { stateOf } from '../../../src/store/key-json.ts'
import type { NodeContext } from '../context.ts'
import { claudeCodeFolders } from '../session-folders.ts'
import { defineCommand } from './command.ts'
import { UsageError, addProvider } from './faults.ts'
import { configFlag, dbFlag, oneOf, port, text, toggle } from './flags.ts'
import { defaultHost, defaultPort, isLoopback, openPort } from './listening.ts'
import type { Io } from './io.ts'
import { forwarded, open } from './open.ts'
import { startServeBeside, type ServeBeside } from './serve-child.ts'
import { stopAsked } from './signals.ts'
import { welcome } from './welcome.ts'

export const start = defineCommand({
  name: 'start',
  summary: 'start the gateway (127.0.0.1:8422), and serve beside it (127.0.0.1:8421)',
  flags: {
    port: port('port of the gateway (default 8422)'),
    host: text('ADDRESS', 'address of the gateway; beyond loopback a key must have been issued (default 127.0.0.1)'),
    'serve-port': port('port of serve, always on loopback (default 8421)'),
    'no-serve': toggle('start the gateway alone'),
    demo: toggle('offer the offline demo provider beside the configured ones'),
    db: dbFlag,
    config: configFlag,
    'log-level': oneOf(['debug', 'info', 'warn', 'error'], 'least level that is logged'),
    'log-format': oneOf(['pretty', 'json'], 'form of the log on stderr'),
  },
  examples: ['metis-gateway', 'metis-gateway start --port 8422 --no-serve --log-format json'],
  async run({ flags, io }) {
    const logging = {
      ...(flags['log-level'] === undefined ? {} : { logLevel: flags['log-level'] }),
      ...(flags['log-format'] === undefined ? {} : { logFormat: flags['log-format'] }),
    }
    const wanted = flags.port ?? defaultPort.gateway
    const selfOrigins = [`http://${flags.host ?? defaultHost}:${wanted}`]
    const context = await open(io, flags, { ...logging, maintenance: true, demo: flags.demo, selfOrigins })
    let beside: ServeBeside | null = null
    try {
      const hasKey = await anyUsableKey(context)
      if (flags.host !== undefined && !isLoopback(flags.host) && !hasKey)
        throw new UsageError(`listening beyond loopback (${flags.host}) needs an issued key: run metis-gateway issue-key first`)
      const { startGateway } = await import('../gateway-process.ts')
      const gateway = await openPort(wanted, flags.host ?? defaultHost, 'port', () =>
        startGateway(context, {
          port: wanted,
          ...(flags.host === undefined ? {} : { host: flags.host }),
          sessionFolders: sessionFolders(context, io, flags.host),
        }),
      )
      const stopped = stopAsked()
      io.out(`gateway is on ${gateway.url}`)
      if (context.config.providers.length === 0)
        io.err(
          `no provider is configured, every request will be refused: ${addProvider(context.configPath ?? `${context.home}/config.yaml`)}`,
        )
      if (!flags['no-serve']) {
        const logFlags = Object.entries({ 'log-level': flags['log-level'], 'log-format': flags['log-format'] })
        const choices = forwarded(io, flags)
        beside = await startServeBeside({
          port: flags['serve-port'] ?? defaultPort.serve,
          flags: [
            ...choices.flags,
            ...(flags.demo ? ['--demo'] : []),
            ...logFlags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
          ],
          env: choices.env,
          reuse: true,
        })
        io.out(serveLine(beside))
      }
      if (!hasKey) await welcome(context, io, gateway.url)
      await stopped
      io.err('stopping: running answers are finished first; once more stops at once')
      await gateway.close()
    } finally {
      await beside?.stop()
      await context.close()
    }
    return 0
  },
})

/** Whoever is not on this machine has no logs here. */
function sessionFolders({ config }: NodeContext, io: Io, host = defaultHost): readonly string[] {
  return config.sessionFiles && isLoopback(host) ? claudeCodeFolders(io.env) : []
}

function serveLine({ url, found }: ServeBeside): string {
  if (url === null) return 'serve is not running (the line above says why); the gateway goes on without it'
  return `${found ? 'a serve that was already running was left alone' : 'serve is'} on ${url}, the dashboard on ${url}/dashboard/`
}

async function anyUsableKey(context: NodeContext): Promise<boolean> {
  const nowUs = Date.now() * 1000
  const keys = await context.keys.list()
  return keys.some((key) => stateOf(key, nowUs) === 'active')
}
