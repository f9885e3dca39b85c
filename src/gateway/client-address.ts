// Where a request comes from and by which way: what the socket says, or what a trusted proxy says of whom it speaks for.
import type { Services } from '../services.ts'

export type ClientAddressOf = (request: Request) => string | null

type Peers = Pick<Services, 'config' | 'peerAddress'>

/** null = the runtime does not know. */
export function createClientAddress({ config, peerAddress }: Peers): ClientAddressOf {
  const trusted = new Set(config.trustedProxies.map(plain))
  return (request) => {
    const peer = peerAddress?.(request) ?? null
    if (peer === null || !trusted.has(plain(peer))) return peer === null ? null : plain(peer)
    // Each proxy adds whom it heard at the end: the last one that is no proxy of ours is the client, whatever stands before.
    const heard = (request.headers.get('x-forwarded-for') ?? '').split(',').map(plain)
    return heard.findLast((address) => address !== '' && !trusted.has(address)) ?? plain(peer)
  }
}

/** Whether the client speaks TLS: here, or with a trusted proxy that says so. */
export function createIsSecure({ config, peerAddress }: Peers): (request: Request) => boolean {
  const trusted = new Set(config.trustedProxies.map(plain))
  return (request) => {
    if (request.url.startsWith('https:')) return true
    const peer = peerAddress?.(request) ?? null
    return peer !== null && trusted.has(plain(peer)) && request.headers.get('x-forwarded-proto') === 'https'
  }
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** IPv4 as it is written, also where a socket that takes both shows it as IPv6. */
function plain(address: string): string {
  const text = address.trim()
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
}
