// What broke below HTTP, in the gateway's words. No address, errno or provider text gets into a message.
import { GatewayError } from '../ir/errors.ts'
import { UpstreamFailure } from '../services.ts'

export function upstreamBadResponse(message: string, cause?: unknown): GatewayError {
  return new GatewayError('other', 'upstream_bad_response', message, cause === undefined ? {} : { cause })
}

/** Any throw as the error a client may see. An unknown one is a defect of ours: constant message, detail only in `cause`. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof UpstreamFailure) return failureOf(error)
  return new GatewayError(
    'other',
    'internal_error',
    'The gateway failed on this request; its log has the detail under x-metis-turn-id.',
    {
      cause: error,
    },
  )
}

function failureOf(failure: UpstreamFailure): GatewayError {
  switch (failure.fault) {
    case 'connect':
    case 'stale':
      return unreachable('The provider could not be reached.', failure)
    case 'reset':
      return unreachable('The connection to the provider broke before its answer was complete.', failure)
    case 'connect_timeout':
      return timeout('The provider did not accept a connection in time.', failure)
    case 'first_byte_timeout':
      return timeout('The provider did not begin to answer in time.', failure)
    case 'idle_timeout':
      return timeout('The provider fell silent in the middle of its answer.', failure)
    case 'malformed':
      return upstreamBadResponse("The provider's answer is not valid HTTP.", failure)
    default:
      return failure.fault satisfies never
  }
}

function unreachable(message: string, cause: UpstreamFailure): GatewayError {
  return new GatewayError('network', 'upstream_unreachable', message, { cause })
}

function timeout(message: string, cause: UpstreamFailure): GatewayError {
  return new GatewayError('timeout', 'upstream_timeout', message, { cause })
}
