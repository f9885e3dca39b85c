// An error as an answer: in the envelope of the shape that was spoken, counted by its code.
import { asGatewayError } from '../providers/failures.ts'
import type { Services } from '../services.ts'
import { errorHeaders } from './answer-headers.ts'
import type { Wire } from './wire.ts'
import type { Counts } from './prometheus.ts'

export type RenderError = (thrown: unknown, wire: Wire, turnId: string) => Response

export function createRenderError({ logger, respond }: Services, counts: Counts): RenderError {
  return (thrown, wire, turnId) => {
    const error = asGatewayError(thrown)
    counts.add({ code: error.code })
    if (error.code === 'internal_error') {
      logger.log('error', 'a defect in the gateway', { turn_id: turnId, cause: describe(error.details.cause) })
    }
    const encoded = wire.server.encodeError(error, `req_${turnId}`)
    return respond(encoded.status, errorHeaders(error, turnId, wire.requestIdHeader), encoded.body)
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
