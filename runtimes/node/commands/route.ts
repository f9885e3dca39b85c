// `route`: where a request would go, and why, without sending it: for whoever writes rules.
import { readFile } from 'node:fs/promises'
import { formatModelRef } from '../../../src/catalog/models.ts'
import { agentRequestOf } from '../../../src/engine/agent-request.ts'
import type { Principal } from '../../../src/ir/principal.ts'
import type { LanguageModelRequest } from '../../../src/ir/request.ts'
import type { RouteRequest } from '../../../src/routing/route-request.ts'
import type { Route } from '../../../src/routing/router.ts'
import type { NodeContext } from '../context.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, integer, jsonFlag, oneOf, pairs, text, toggle } from './flags.ts'
import type { Io } from './io.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'
import { textOf } from './text-of.ts'

const flags = {
  explain: toggle('what this command does; it may be left out'),
  body: text('FILE', 'the request’s JSON body; - reads it from stdin'),
  shape: oneOf(['anthropic', 'openai'], 'the wire it comes in (default anthropic)'),
  model: text('MODEL', 'the model that the client asks for; absent = none'),
  message: text('TEXT', 'the last message of the user'),
  tokens: integer('N', 'estimated input', 0, 1_000_000_000),
  images: toggle('the request has images'),
  tools: toggle('the request has tools'),
  key: text('ID', 'the gateway key it comes with'),
  workspace: text('PATH', 'the workspace, in place of the key’s; absent = the current directory'),
  user: text('USER', 'the user, in place of the key’s'),
  team: text('TEAM', 'the team, in place of the key’s'),
  tag: pairs('a tag of the request'),
  session: toggle('as a turn of a session or of chat: without a model the choice is the gateway’s'),
  demo: toggle('with the offline demo provider'),
  db: dbFlag,
  config: configFlag,
  json: jsonFlag,
}

type Given = Parameters<Parameters<typeof defineCommand<typeof flags>>[0]['run']>[0]['flags']

export const route = defineCommand({
  name: 'route',
  summary: 'explain where a request would go, without sending it',
  flags,
  examples: [
    'metis-gateway route --explain --model haiku',
    'metis-gateway route --explain --body request.json --shape openai --key gk_01J…',
  ],
  run: ({ flags: given, io }) =>
    withNode(io, given, { demo: given.demo, logLevel: 'error' }, async (context) => {
      const [{ createNodeRouting }, { route: decide }] = await Promise.all([
        import('../routing.ts'),
        import('../../../src/routing/router.ts'),
      ])
      const tables = createNodeRouting({ ...context, logger: { log: () => undefined } }, { records: false })
      const question = await questionOf(given, context, io)
      await tables.prepare(question)
      for (const { path, faults } of tables.policies.faults())
        for (const { line, column, message } of faults) io.err(`${path}:${line}:${column} ${message}`)
      const routed = decide(question, tables)
      if (given.json) io.out(JSON.stringify(explanation(routed)))
      else for (const line of linesOf(routed)) io.out(line)
      return routed.target === null ? 1 : 0
    }),
})

async function questionOf(given: Given, context: NodeContext, io: Io): Promise<RouteRequest> {
  const request = given.body === undefined ? described(given) : await bodyOf(given.body, given, io)
  return {
    requestedModel: given.model ?? request.model,
    shape: given.shape ?? 'anthropic',
    principal: await principalOf(given, context, io),
    traits: {
      ...request.traits,
      ...(given.tokens === undefined ? {} : { estimatedInputTokens: given.tokens }),
      ...(given.images ? { hasImages: true } : {}),
      ...(given.tools ? { hasTools: true } : {}),
    },
    tags: given.tag,
    stickyModel: null,
    delegates: given.session,
    content: () => request.content(),
  }
}

function described({ message = '' }: Given): LanguageModelRequest {
  return agentRequestOf({ system: null, said: [{ role: 'user', text: message }], model: '' })
}

async function bodyOf(path: string, { shape = 'anthropic', message }: Given, io: Io): Promise<LanguageModelRequest> {
  if (message !== undefined) throw new UsageError('--body and --message say two things; give one')
  const read = path === '-' ? textOf(io.stdin) : readFile(path, 'utf8')
  const body = await read.catch((error: unknown) => {
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  const { protocols } = await import('../../../src/protocols/index.ts')
  return protocols[shape].server.decodeRequest(new TextEncoder().encode(body), new Headers())
}

const nobody: Principal = {
  keyId: null,
  keyName: null,
  userId: null,
  teamId: null,
  workspace: null,
  allowedModels: [],
  ignoreClientModel: false,
  logMessages: false,
  caps: [],
  allowUnpriced: false,
  rates: null,
  tags: {},
}

async function principalOf({ key, workspace, user, team }: Given, context: NodeContext, io: Io): Promise<Principal> {
  const record = key === undefined ? null : await context.keys.findForToken(key)
  if (key !== undefined && record === null)
    throw new CommandError(`there is no key "${key.slice(0, 60)}"; metis-gateway list-keys shows them`)
  const principal = record?.principal ?? { ...nobody, workspace: io.cwd }
  return {
    ...principal,
    ...(workspace === undefined ? {} : { workspace }),
    ...(user === undefined ? {} : { userId: user }),
    ...(team === undefined ? {} : { teamId: team }),
  }
}

function explanation({ chain, winnerIndex, target, refusal }: Route): object {
  return {
    chosen_model: target === null ? null : formatModelRef(target),
    winner_index: winnerIndex,
    chain,
    ...(refusal === null ? {} : { error: { code: refusal.code, message: refusal.message } }),
  }
}

function linesOf({ chain, target, refusal }: Route): readonly string[] {
  const rows = chain.map(({ policy, verdict, candidate_model: candidate, validation_failure: failure, reason }) => [
    policy,
    verdict.replace('_', ' '),
    candidate ?? '-',
    [failure, reason].filter((word) => word !== null).join(': '),
  ])
  const answer = target === null ? `refused: ${refusal.code}` : `answered by ${formatModelRef(target)}`
  return [...tableLines(['SLOT', 'SAYS', 'MODEL', 'WHY'], rows), '', answer]
}
