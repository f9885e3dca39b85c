// Opening a port from the command line: where it may listen, and what to say when it cannot.
import { CommandError, UsageError } from './faults.ts'

export const defaultHost = '127.0.0.1'
export const defaultPort = { gateway: 8422, serve: 8421 } as const

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** Runs `open`, which binds `port`; a port that cannot be had becomes one line that names the flag to change. */
export async function openPort<T>(port: number, host: string, flag: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new CommandError(`port ${port} on ${host} is taken: stop what listens there, or choose another with --${flag}`, error)
    if (code === 'EACCES')
      throw new CommandError(`port ${port} needs more rights than this user has: choose one above 1023 with --${flag}`, error)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new UsageError(`this machine has no address ${host}: change --host`)
    throw error
  }
}
