// What this server is and what it routes to: `/health`, `/server/version`, `/models`.
import * as z from 'zod'
import type { ModelCatalog } from '../catalog/models.ts'
import { supportedVersions, type ApiVersion } from '../gateway/api-version.ts'
import type { Services } from '../services.ts'
import { jsonAnswer } from './answers.ts'
import { jsonResponse, type Operation } from './openapi.ts'
import type { Handler } from './routes.ts'

const store = z.enum(['ok', 'unavailable'])
const health = z.object({ status: store, version: z.string(), uptime_seconds: z.int(), store })
const serverVersion = z.object({
  version: z.string(),
  api_version: z.string(),
  api_versions_supported: z.array(z.string()),
  /** Whether no command can reach the ledger. */ serverless: z.boolean(),
})
const listedModel = z.object({
  /** What a client sends. */
  id: z.string(),
  provider: z.string(),
  model: z.string(),
  display_name: z.string(),
  created_at: z.iso.datetime().nullable(),
})
const models = z.object({ data: z.array(listedModel) })

export const aboutOperations = {
  health: {
    method: 'get',
    path: '/health',
    id: 'health',
    summary: 'That serve lives, since when, and whether the store answers.',
    asks: 'nothing',
    responses: { 200: jsonResponse('It does.', health), 503: jsonResponse('The store does not answer.', health) },
  },
  version: {
    method: 'get',
    path: '/server/version',
    id: 'server_version',
    summary: "The program's version and those of this API.",
    responses: { 200: jsonResponse('Fine.', serverVersion) },
  },
  models: {
    method: 'get',
    path: '/models',
    id: 'models',
    summary: 'What is routable.',
    responses: { 200: jsonResponse('Fine.', models) },
  },
} satisfies Record<string, Operation>

export function createAbout(parts: {
  readonly services: Pick<Services, 'storage' | 'clock'>
  readonly version: string
  readonly startedUs: number
  readonly serverless: boolean
  readonly models: ModelCatalog
  readonly apiVersions: readonly [ApiVersion, ...ApiVersion[]]
}): Readonly<Record<keyof typeof aboutOperations, Handler>> {
  const { version, startedUs, apiVersions } = parts
  const { storage, clock } = parts.services
  return {
    async health() {
      const question = storage.db.selectFrom('gateway_keys').select('id').limit(1)
      const answers = await question.execute().then(
        () => true,
        () => false,
      )
      const uptimeSeconds = Math.floor((clock.nowUs() - startedUs) / 1_000_000)
      const status = answers ? 'ok' : 'unavailable'
      const answer: z.output<typeof health> = { status, version, uptime_seconds: uptimeSeconds, store: status }
      return jsonAnswer(answers ? 200 : 503, answer)
    },

    version() {
      const current = apiVersions.at(-1) ?? apiVersions[0]
      const answer: z.output<typeof serverVersion> = {
        version,
        api_version: current.version,
        api_versions_supported: [...supportedVersions(apiVersions, clock.nowUs() / 1000)],
        serverless: parts.serverless,
      }
      return jsonAnswer(200, answer)
    },

    models() {
      const answer: z.output<typeof models> = { data: parts.models.list().map(listed) }
      return jsonAnswer(200, answer)
    },
  }
}

function listed(model: ReturnType<ModelCatalog['list']>[number]): z.output<typeof listedModel> {
  const { id, target, displayName, createdS } = model
  return {
    id,
    provider: target.provider,
    model: `${target.provider}:${target.name}`,
    display_name: displayName,
    created_at: createdS === 0 ? null : new Date(createdS * 1000).toISOString(),
  }
}
