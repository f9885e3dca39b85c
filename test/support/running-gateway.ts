// The built gateway with its demo provider on ports of its own, a key, and a shell in which the documents' lines mean it.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { within } from './deadline.ts'
import { root } from './import-graph.ts'
import { runProgram, startProcess, startProgram, temporaryHome } from './program.ts'

export interface RunningGateway {
  readonly url: string
  readonly serveUrl: string
  readonly token: string
  readonly home: string
  /** Runs a program in an empty project, with `metis` and `metis-gateway` on the PATH. */
  run(command: string, argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** The documents' default ports → ours. */
  readdress(text: string): string
  stop(): Promise<void>
}

export async function startRunningGateway(): Promise<RunningGateway> {
  const home = temporaryHome()
  const gateway = startProgram(['start', '--port', '0', '--serve-port', '0', '--demo'], { home })
  const [, url = ''] = await gateway.printed(/gateway is on (\S+)/)
  const [, serveUrl = ''] = await gateway.printed(/serve is on (\S+?),/)
  const issued = await runProgram(['issue-key', '--name', 'docs', '--workspace', '.', '--json'], { home })
  const { token }: { token: string } = JSON.parse(issued.stdout)
  const readdress = (text: string): string =>
    text.replaceAll('http://127.0.0.1:8422', url).replaceAll('http://127.0.0.1:8421', serveUrl)
  const env = {
    PATH: `${programFolder(home, url)}:${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    GW_TOKEN: token,
    GW_URL: url,
    SERVE_URL: serveUrl,
  }
  const project = join(home, 'project')
  mkdirSync(project)
  return {
    url,
    serveUrl,
    token,
    home,
    readdress,
    async run(command, argv) {
      const program = startProcess(command, argv, { home, cwd: command === process.execPath ? root : project, env })
      const code = await within(20_000, `the end of ${command}`, program.ended)
      return { code, stdout: program.stdout(), stderr: program.stderr() }
    },
    async stop() {
      gateway.signal('SIGTERM')
      await within(10_000, 'the end of the gateway', gateway.ended)
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** `env` prints the default port: here, ours. */
function programFolder(home: string, url: string): string {
  const folder = join(home, 'bin')
  mkdirSync(folder)
  const program = `"${process.execPath}" "${join(root, 'dist/cli.js')}"`
  for (const name of ['metis', 'metis-gateway']) {
    const path = join(folder, name)
    const env = `if [ "$1" = env ]; then shift; exec ${program} env --url "${url}" "$@"; fi`
    writeFileSync(path, `#!/bin/sh\n${env}\nexec ${program} "$@"\n`)
    chmodSync(path, 0o755)
  }
  return folder
}
