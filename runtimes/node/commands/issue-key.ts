// `issue-key`: makes a gateway key and prints its token, the one time that it can be seen.
import { resolve } from 'node:path'
import { nanoUsdOf } from '../../../src/lib/money.ts'
import { keyJson } from '../../../src/store/key-json.ts'
import type { NodeContext } from '../context.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, duration, integer, jsonFlag, list, pairs, text, toggle, usd } from './flags.ts'
import type { Io } from './io.ts'
import { authorOf, requireId } from './keys.ts'
import { withNode } from './open.ts'

export const issueKey = defineCommand({
  name: 'issue-key',
  summary: 'issue a gateway key for a workspace, user or team',
  flags: {
    name: text('NAME', 'what the key is called in reports (required)'),
    workspace: text('PATH', 'the project its calls are counted for (required)'),
    user: text('USER', 'the user its calls are counted for'),
    team: text('TEAM', 'the team its calls are counted for'),
    create: toggle('make an unknown user or team without asking'),
    'allow-model': list('MODEL', 'a model, alias or pattern such as anthropic:* that the key may use; none = all'),
    'daily-cap-usd': usd('most it may spend a day (UTC)'),
    'monthly-cap-usd': usd('most it may spend a month (UTC)'),
    'budget-usd': usd('most it may ever spend'),
    'allow-unpriced': toggle('under a cap, models without a known price are refused; with this they are not'),
    rpm: integer('N', 'most requests a minute', 1, 1_000_000),
    tpm: integer('N', 'most tokens a minute, input and output', 1, 1_000_000_000),
    concurrent: integer('N', 'most turns at one time', 1, 100_000),
    expires: duration('how long it is valid; absent = until it is revoked'),
    'ignore-client-model': toggle('routing decides: the model that a client names is not asked for'),
    'log-messages': toggle('keep what is asked and answered, without secrets: otherwise none of it is kept'),
    tag: pairs('a tag that every one of its calls carries'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: [
    'metis-gateway issue-key --name alice-laptop --workspace .',
    'metis-gateway issue-key --name ci --workspace . --team platform --create --monthly-cap-usd 50 --allow-model "anthropic:*" --expires 90d',
  ],
  async run({ flags, io }) {
    const { name, workspace } = flags
    if (!name) throw new UsageError('issue-key needs --name NAME')
    if (!workspace) throw new UsageError('issue-key needs --workspace PATH (`.` is the current directory)')
    return withNode(io, flags, {}, async (context) => {
      await requireTeam(context, io, flags)
      await requireUser(context, io, flags)
      const nowUs = Date.now() * 1000
      const { keyId, token } = await context.keys.issue(
        {
          name,
          workspace: resolve(io.cwd, workspace),
          userId: flags.user ?? null,
          teamId: flags.team ?? null,
          allowedModels: flags['allow-model'],
          dailyCapNanoUsd: nanoOrNull(flags['daily-cap-usd']),
          monthlyCapNanoUsd: nanoOrNull(flags['monthly-cap-usd']),
          budgetNanoUsd: nanoOrNull(flags['budget-usd']),
          allowUnpriced: flags['allow-unpriced'],
          requestsPerMinute: flags.rpm ?? null,
          tokensPerMinute: flags.tpm ?? null,
          concurrentTurns: flags.concurrent ?? null,
          expiresUs: flags.expires === undefined ? null : nowUs + flags.expires * 1000,
          ignoreClientModel: flags['ignore-client-model'],
          logMessages: flags['log-messages'],
          tags: flags.tag,
        },
        authorOf(io),
      )
      if (flags.json) {
        const issued = (await context.keys.list()).find((key) => key.id === keyId)
        io.out(JSON.stringify({ key_id: keyId, token, ...(issued === undefined ? {} : keyJson(issued, nowUs)) }))
        return 0
      }
      io.out(`key_id: ${keyId}`)
      io.out(`token:  ${token}`)
      io.err('the token is shown this once: only its hash is kept')
      return 0
    })
  },
})

interface IdentityFlags {
  readonly user: string | undefined
  readonly team: string | undefined
  readonly create: boolean
}

async function requireTeam(context: NodeContext, io: Io, { team, create }: IdentityFlags): Promise<void> {
  if (team === undefined || (await context.identities.findTeam(team)) !== null) return
  await agreeToCreate('team', team, create, io)
  await context.identities.createTeam({ id: team }, authorOf(io))
}

async function requireUser(context: NodeContext, io: Io, { user, team, create }: IdentityFlags): Promise<void> {
  if (user === undefined || (await context.identities.findUser(user)) !== null) return
  await agreeToCreate('user', user, create, io)
  await context.identities.createUser({ id: user, teamId: team ?? null }, authorOf(io))
}

/** A misspelt name must not become a new identity in silence. */
async function agreeToCreate(kind: 'user' | 'team', id: string, create: boolean, io: Io): Promise<void> {
  requireId(kind, id)
  if (create) return
  if (io.interactive && (await io.confirm(`There is no ${kind} "${id}" yet. Create it?`))) return
  throw new UsageError(`there is no ${kind} "${id}": check the name, or give --create to make it`)
}

function nanoOrNull(amountUsd: number | undefined): number | null {
  return amountUsd === undefined ? null : nanoUsdOf(amountUsd)
}
