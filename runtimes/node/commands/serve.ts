// `serve`: analytics, sessions and the dashboard, alone on the same database. Also what `start` runs beside the gateway.
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, oneOf, port, text, toggle } from './flags.ts'
import { defaultHost, defaultPort, isLoopback, openPort } from './listening.ts'
import { open } from './open.ts'
import { hasParent, tellParent } from './serve-child.ts'
import { stopAsked } from './signals.ts'

export const serve = defineCommand({
  name: 'serve',
  summary: 'start analytics, sessions and the dashboard alone (127.0.0.1:8421)',
  flags: {
    port: port('port to listen on (default 8421)'),
    host: text('ADDRESS', 'address to listen on; beyond loopback METIS_ADMIN_TOKEN must be set (default 127.0.0.1)'),
    demo: toggle('offer the offline demo provider to sessions beside the configured ones'),
    db: dbFlag,
    config: configFlag,
    'log-level': oneOf(['debug', 'info', 'warn', 'error'], 'least level that is logged'),
    'log-format': oneOf(['pretty', 'json'], 'form of the log on stderr'),
  },
  examples: ['metis-gateway serve --port 8421', 'metis-gateway serve --db /srv/metis/metis.db'],
  async run({ flags, io }) {
    const adminToken = io.env['METIS_ADMIN_TOKEN']
    if (flags.host !== undefined && !isLoopback(flags.host) && !adminToken)
      throw new UsageError(`serve beyond loopback (${flags.host}) needs an admin token: set METIS_ADMIN_TOKEN`)
    const context = await open(io, flags, {
      maintenance: true,
      demo: flags.demo,
      warnsOfFile: !hasParent(),
      ...(flags['log-level'] === undefined ? {} : { logLevel: flags['log-level'] }),
      ...(flags['log-format'] === undefined ? {} : { logFormat: flags['log-format'] }),
    })
    try {
      const { startServe } = await import('../serve-process.ts')
      const wanted = flags.port ?? defaultPort.serve
      const server = await openPort(wanted, flags.host ?? defaultHost, 'port', () =>
        startServe(context, {
          port: wanted,
          ...(flags.host === undefined ? {} : { host: flags.host }),
          ...(adminToken ? { adminToken } : {}),
        }),
      )
      const stopped = stopAsked()
      if (!tellParent(server.url)) io.out(`serve is on ${server.url}, the dashboard on ${server.url}/dashboard/`)
      await stopped
      await server.close()
    } finally {
      await context.close()
    }
    return 0
  },
})
