// Where a client finds the gateway and what it opens the door with: what the commands for clients share.
import { UsageError } from './faults.ts'
import { text, type Flag } from './flags.ts'
import { isLoopback } from './listening.ts'

export const urlFlag = text('URL', 'where the gateway is (default http://127.0.0.1:8422)')
export const tokenFlag = (help: string): Flag<string | undefined> => text('gw_…', help)

/** Without a slash at its end. What comes of it is given to a shell. */
export function gatewayUrl(given: string | undefined): string {
  if (given !== undefined && !/^https?:\/\/[\w.:[\]/-]+$/.test(given))
    throw new UsageError('--url wants an address such as http://127.0.0.1:8422')
  return (given ?? 'http://127.0.0.1:8422').replace(/\/+$/, '')
}

export function givenToken(given: string | undefined): string | null {
  if (given !== undefined && !/^[\w-]+$/.test(given)) throw new UsageError('--token wants a token such as issue-key prints')
  return given ?? null
}

/** A gateway elsewhere has its keys elsewhere. */
export function requireOwnGateway(url: string): void {
  if (isLoopback(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))) return
  throw new UsageError(`a key for ${url} cannot be made here: give the token of one as --token or METIS_GATEWAY_KEY`)
}
