// `POST /v1/messages/count_tokens`: the provider's own count where it has one, a local estimate elsewhere. Not billed, so not
// a turn (translation.md §6).
import { formatModelRef } from '../catalog/models.ts'
import { isModelAllowed } from '../routing/allowed-models.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Provider } from '../providers/provider.ts'
import { route } from '../routing/router.ts'
import type { RoutingTables } from '../routing/tables.ts'
import type { Services } from '../services.ts'
import { passDown } from './answer-headers.ts'
import type { Authenticate } from './authenticate.ts'
import { requireJson, requireModelName, withQuery, type Door } from './door.ts'
import { anthropicWire } from './doors.ts'
import type { RenderError } from './error-answer.ts'
import { withOwnCredential } from './own-credential.ts'

export interface CountTokensParts {
  readonly services: Services
  readonly routing: RoutingTables
  readonly providers: ReadonlyMap<string, Provider>
  readonly authenticate: Authenticate
  readonly nextId: () => string
  readonly renderError: RenderError
}

export function createCountTokens(parts: CountTokensParts): Door {
  const { services } = parts
  return async (request) => {
    const requestId = parts.nextId()
    try {
      const principal = await parts.authenticate(request)
      requireJson(request.headers)
      const bytes = await services.readBody(request, services.config.limits.bodyBytes)
      const read = anthropicWire.server.decodeRequest(bytes, request.headers, services.byteText)
      const decoded = withOwnCredential(withQuery(read, request.url), request.headers)
      requireModelName(decoded.model)
      const question = {
        requestedModel: decoded.model,
        shape: 'anthropic',
        principal,
        traits: decoded.traits,
        tags: {},
        stickyModel: null,
        delegates: false,
        content: () => decoded.content(),
      } as const
      const waiting = parts.routing.prepare(question)
      if (waiting !== null) await waiting
      const routed = route(question, parts.routing)
      if (routed.target === null) throw routed.refusal
      if (!isModelAllowed(principal.allowedModels, decoded.model, routed.target)) {
        throw new GatewayError(
          'auth',
          'model_not_allowed',
          `This key may not use the model "${formatModelRef(routed.target)}".`,
          {
            param: 'model',
          },
        )
      }
      const counted = await parts.providers.get(routed.target.provider)?.countTokens(decoded, routed.target, request.signal)
      if (counted) {
        return services.respond(200, { ...passDown(counted.headers), 'content-type': 'application/json' }, counted.body)
      }
      return services.respond(
        200,
        { 'content-type': 'application/json', 'x-metis-token-count': 'estimated' },
        JSON.stringify({ input_tokens: decoded.traits.estimatedInputTokens }),
      )
    } catch (thrown) {
      return parts.renderError(thrown, anthropicWire, requestId)
    }
  }
}
