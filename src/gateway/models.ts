// `GET /v1/models` and `/v1/models/{id}` in the list shape of either vendor (translation.md §7). Ids are what a client can
// send back, and only those its key may use.
import type { ListedModel, ModelCatalog } from '../catalog/models.ts'
import { isModelAllowed } from '../routing/allowed-models.ts'
import { GatewayError, invalidValue } from '../ir/errors.ts'
import type { Principal } from '../ir/principal.ts'

const ANTHROPIC_DEFAULT_LIMIT = 20
const ANTHROPIC_MAX_LIMIT = 1000

export type ListShape = 'anthropic' | 'openai'

export function listShapeOf(url: URL, headers: Headers): ListShape {
  return headers.has('anthropic-version') || url.searchParams.get('shape') === 'anthropic' ? 'anthropic' : 'openai'
}

/** JSON text. @throws GatewayError invalid_value for a bad `limit` or cursor */
export function renderModels(models: ModelCatalog, principal: Principal, url: URL, shape: ListShape): string {
  const allowed = models.list().filter((model) => isModelAllowed(principal.allowedModels, model.id, model.target))
  if (shape === 'openai') return JSON.stringify({ object: 'list', data: allowed.map(openaiModel) })
  const page = pageOf(allowed, url.searchParams)
  return JSON.stringify({
    data: page.models.map(anthropicModel),
    has_more: page.hasMore,
    first_id: page.models[0]?.id ?? null,
    last_id: page.models.at(-1)?.id ?? null,
  })
}

/** JSON text. @throws GatewayError model_not_found */
export function renderModel(models: ModelCatalog, principal: Principal, id: string, shape: ListShape): string {
  const model = models.list().find((candidate) => candidate.id === id)
  if (model === undefined || !isModelAllowed(principal.allowedModels, model.id, model.target)) {
    throw new GatewayError(
      'invalid_request',
      'model_not_found',
      'There is no such model for this key; GET /v1/models lists what there is.',
    )
  }
  return JSON.stringify(shape === 'openai' ? openaiModel(model) : anthropicModel(model))
}

function openaiModel(model: ListedModel): object {
  return { id: model.id, object: 'model', created: model.createdS, owned_by: model.target.provider }
}

function anthropicModel(model: ListedModel): object {
  return {
    type: 'model',
    id: model.id,
    display_name: model.displayName,
    created_at: new Date(model.createdS * 1000).toISOString(),
  }
}

function pageOf(models: readonly ListedModel[], query: URLSearchParams): { models: readonly ListedModel[]; hasMore: boolean } {
  const limit = limitOf(query.get('limit'))
  const after = query.get('after_id')
  const before = query.get('before_id')
  if (before !== null) {
    const end = positionOf(models, before, 'before_id')
    const start = Math.max(0, end - limit)
    return { models: models.slice(start, end), hasMore: start > 0 }
  }
  const start = after === null ? 0 : positionOf(models, after, 'after_id') + 1
  return { models: models.slice(start, start + limit), hasMore: start + limit < models.length }
}

function positionOf(models: readonly ListedModel[], id: string, param: string): number {
  const position = models.findIndex((model) => model.id === id)
  if (position < 0) throw invalidValue(param, `${param} names no model of this list.`)
  return position
}

function limitOf(text: string | null): number {
  if (text === null) return ANTHROPIC_DEFAULT_LIMIT
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > ANTHROPIC_MAX_LIMIT) {
    throw invalidValue('limit', `limit must be a whole number from 1 to ${ANTHROPIC_MAX_LIMIT}.`)
  }
  return limit
}
