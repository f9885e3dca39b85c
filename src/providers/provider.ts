// One upstream, whatever its wire.
import type { ModelRef } from '../catalog/models.ts'
import type { GatewayError } from '../ir/errors.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import type { Warning } from '../ir/warning.ts'
import type { Shape, StreamChunk } from '../ir/stream.ts'

export interface Provider {
  readonly name: string
  readonly shape: Shape
  /** The request brings its client's own login, and this is the provider that gave it: it goes there in place of any key of ours. */
  takesOwn?(request: LanguageModelRequest): boolean
  /**
   * Resolves when upstream's headers are here; aborting the signal stops upstream.
   * @throws GatewayError for an answer that is not 2xx, and for a connection that broke
   */
  send(request: LanguageModelRequest, model: ModelRef, signal: AbortSignal): Promise<ProviderAnswer>
  /** True when what failed was one key of several, and another one can be asked at once. */
  canSwitchKey?(error: GatewayError, switchesSoFar: number): boolean
  /**
   * The provider's own count, for those that have one; null = estimate locally.
   * @throws GatewayError as `send`
   */
  countTokens(
    request: LanguageModelRequest,
    model: ModelRef,
    signal: AbortSignal,
  ): Promise<{ body: Uint8Array; headers: Headers } | null>
}

export interface ProviderAnswer {
  /** The upstream's headers; which of them go down is the door's business. */
  readonly headers: Headers
  readonly warnings: readonly Warning[]
  /** True when the answer came as a stream (it may not although one was asked for, and the reverse). */
  readonly streamed: boolean
  readonly chunks: AsyncIterable<StreamChunk>
}
