// Gateway keys over HTTP, for the dashboard: listed, issued, rotated, revoked. A token is in the answer that made it and
// nowhere else; every change is an audit event with its author.
import type * as z from 'zod'
import { invalidValue } from '../ir/errors.ts'
import type { Services } from '../services.ts'
import type { Author } from '../store/audit.ts'
import type { IdentityStore } from '../store/identities.ts'
import { keyJson, stateOf } from '../store/key-json.ts'
import type { IssuedKey, KeyStore, KeySummary } from '../store/keys.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'
import { changeBody, issueBody, revokeBody, rotateBody, type keyOperations, type madeAnswer } from './key-operations.ts'
import { readOwnBody } from './own-body.ts'
import type { Handler } from './routes.ts'

export interface KeyRoutesParts {
  readonly services: Pick<Services, 'clock' | 'readBody'>
  readonly keys: KeyStore
  readonly identities: Pick<IdentityStore, 'findUser' | 'findTeam'>
  readonly author: Author
}

/** Of the key whose `id` is in the path, but for `list` and `issue`. */
type KeyRoutes = Readonly<Record<keyof typeof keyOperations, Handler>>

export function createKeyRoutes({ services, keys, identities, author }: KeyRoutesParts): KeyRoutes {
  const { clock, readBody } = services

  const bodyOf = <Output>(request: Request, schema: z.ZodType<Output>) => readOwnBody(request, readBody, schema)
  const shown = (key: KeySummary) => keyJson(key, clock.nowUs())
  const find = async (id: string) => (await keys.list()).find((key) => key.id === id)

  /** @throws GatewayError */
  async function requireOwners({ userId, teamId }: Readonly<Record<'userId' | 'teamId', string | null>>): Promise<void> {
    const missing = (kind: string) => invalidValue(`${kind}_id`, `There is no such ${kind}; send "create": true to make it.`)
    if (userId !== null && (await identities.findUser(userId)) === null) throw missing('user')
    if (teamId !== null && (await identities.findTeam(teamId)) === null) throw missing('team')
  }

  async function made({ keyId, token }: IssuedKey): Promise<Response> {
    const key = await find(keyId)
    if (key === undefined) throw new Error('a key is not there that was just made')
    const answer: z.output<typeof madeAnswer> = { ...shown(key), token }
    return jsonAnswer(201, answer)
  }

  return {
    list: async () => jsonAnswer(200, { data: (await keys.list()).map(shown) }),

    issue: async (request) => {
      const body = await bodyOf(request, issueBody)
      const key = {
        name: body.name,
        workspace: body.workspace ?? null,
        userId: body.user_id ?? null,
        teamId: body.team_id ?? null,
        create: body.create === true,
        allowedModels: body.allowed_models ?? [],
        dailyCapNanoUsd: body.daily_cap_usd ?? null,
        monthlyCapNanoUsd: body.monthly_cap_usd ?? null,
        budgetNanoUsd: body.budget_usd ?? null,
        allowUnpriced: body.allow_unpriced === true,
        requestsPerMinute: body.requests_per_minute ?? null,
        tokensPerMinute: body.tokens_per_minute ?? null,
        concurrentTurns: body.concurrent_turns ?? null,
        expiresUs: typeof body.expires_in === 'number' ? clock.nowUs() + body.expires_in * 1000 : null,
        ignoreClientModel: body.ignore_client_model === true,
        logMessages: body.log_messages === true,
        tags: body.tags ?? {},
      }
      if (!key.create) await requireOwners(key)
      return made(await keys.issue(key, author))
    },

    change: async (request, { id = '' }) => {
      const body = await bodyOf(request, changeBody)
      const isChanged = await keys.change(
        id,
        {
          name: body.name,
          allowedModels: body.allowed_models,
          dailyNanoUsd: body.daily_cap_usd,
          monthlyNanoUsd: body.monthly_cap_usd,
          budgetNanoUsd: body.budget_usd,
          allowUnpriced: body.allow_unpriced,
          requestsPerMinute: body.requests_per_minute,
          tokensPerMinute: body.tokens_per_minute,
          concurrentTurns: body.concurrent_turns,
          expiresUs: typeof body.expires_in === 'number' ? clock.nowUs() + body.expires_in * 1000 : body.expires_in,
          ignoreClientModel: body.ignore_client_model,
          logMessages: body.log_messages,
        },
        author,
      )
      const key = await find(id)
      return isChanged && key !== undefined ? jsonAnswer(200, shown(key)) : unchanged(key)
    },

    rotate: async (request, { id = '' }) => {
      const { grace_period: graceMs } = await bodyOf(request, rotateBody)
      const rotated = await keys.rotate(id, graceMs, author)
      return rotated === null ? unchanged(await find(id)) : made(rotated)
    },

    revoke: async (request, { id = '' }) => {
      await bodyOf(request, revokeBody)
      const isRevoked = await keys.revoke(id, author)
      const key = await find(id)
      return isRevoked && key !== undefined ? jsonAnswer(200, shown(key)) : unchanged(key)
    },
  }

  function unchanged(key: KeySummary | undefined): Response {
    if (key === undefined) return errorAnswer(404, 'key_not_found', 'There is no such key.')
    const why = key.successor_id === null ? `is ${stateOf(key, clock.nowUs())}` : 'was rotated before'
    return errorAnswer(409, 'key_not_active', `The key ${why}.`)
  }
}
