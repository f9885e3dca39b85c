// Serve beside the gateway, in a process of its own: no query ever delays an answer. It ends when its parent ends, killed or not.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { answersAsMetis } from './checks/ports.ts'

export interface ServeBeside {
  /** null when it could not start; the child has said why on stderr. */
  readonly url: string | null
  /** True when a serve of somebody else was found there and left alone. */
  readonly found: boolean
  stop(): Promise<void>
}

export interface ServeBesideOptions {
  readonly port: number
  /** Flags for `serve` besides the port. */
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** A serve that runs there already is left alone and used; otherwise it is in the way. */
  readonly reuse: boolean
}

const startMs = 15_000
const stopMs = 5_000

export async function startServeBeside({ port, flags, env, reuse }: ServeBesideOptions): Promise<ServeBeside> {
  const address = `http://127.0.0.1:${port}`
  if (reuse && port !== 0 && (await answersAsMetis(`${address}/health`)))
    return { url: address, found: true, stop: async () => {} }
  const script = process.argv[1]
  if (script === undefined) return { url: null, found: false, stop: async () => {} }
  const child = spawn(process.execPath, [...process.execArgv, script, 'serve', '--port', String(port), ...flags], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env,
  })
  return { url: await listeningUrl(child), found: false, stop: () => stopChild(child) }
}

/** What the child says once it listens; null when it ended first, or said nothing in time. */
function listeningUrl(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), startMs)
    const settle = (url: string | null): void => {
      clearTimeout(timer)
      resolve(url)
    }
    child.once('error', () => settle(null))
    child.once('exit', () => settle(null))
    child.once('message', (message) => settle(urlOf(message)))
  })
}

function urlOf(message: unknown): string | null {
  const url = typeof message === 'object' && message !== null && 'listening' in message ? message.listening : null
  return typeof url === 'string' ? url : null
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  child.kill('SIGTERM')
  await ended
  clearTimeout(timer)
}

/** This process is such a child. */
export function hasParent(): boolean {
  return process.send !== undefined
}

/** The child's half: tells the parent, when there is one, where it listens. False = nobody to tell. */
export function tellParent(url: string): boolean {
  return process.send?.({ listening: url }) ?? false
}
