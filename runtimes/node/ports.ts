// What a server asks of its runtime: the way in, the way out, the way upstream (performance.md, "What follows" 1).
import type { Send, Services } from '../../src/services.ts'
import type { Fetch, Listening, ListenOptions } from './listen.ts'

export interface Ports extends Pick<Services, 'readBody' | 'byteText' | 'onClientGone' | 'peerAddress' | 'respond'> {
  /** @throws the listen error (EADDRINUSE …) of the first host; ::1 may be missing on a machine */
  listen(fetch: Fetch, options: ListenOptions): Promise<Listening>
  createSend(options: { readonly connectMs: number }): { readonly send: Send; close(): Promise<void> }
}
