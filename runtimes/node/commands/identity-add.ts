// `user add` and `team add`: whom keys can belong to.
import { nanoUsdOf } from '../../../src/lib/money.ts'
import type { NewIdentity } from '../../../src/store/identities.ts'
import type { IdentityKind } from '../../../src/store/quotas.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text, usd } from './flags.ts'
import type { Io } from './io.ts'
import { authorOf, requireId } from './keys.ts'
import { withNode } from './open.ts'

const sharedFlags = (kind: IdentityKind) => ({
  name: text('NAME', 'how reports call it; absent = the id'),
  'daily-cap-usd': usd(`most that all keys of the ${kind} may spend a day (UTC)`),
  'monthly-cap-usd': usd(`most that all keys of the ${kind} may spend a month (UTC)`),
  'budget-usd': usd(`most that all keys of the ${kind} may ever spend from now on`),
  db: dbFlag,
  config: configFlag,
  json: jsonFlag,
})

export const addUser = defineCommand({
  name: 'user add',
  summary: 'make a user that keys can belong to',
  args: 'ID',
  flags: { team: text('TEAM', 'the team that its calls count for'), ...sharedFlags('user') },
  examples: ['metis-gateway user add ada --name "Ada Lovelace" --monthly-cap-usd 200'],
  async run({ flags, args: [id], io }) {
    const user = newIdentity('user', id, flags)
    return withNode(io, flags, {}, async ({ identities }) => {
      const { team } = flags
      if (team !== undefined && (await identities.findTeam(team)) === null)
        throw new CommandError(`there is no team "${team.slice(0, 80)}": metis-gateway team add makes one`)
      await identities.createUser({ ...user, teamId: team ?? null }, authorOf(io))
      return added('user', user.id, flags.json, io)
    })
  },
})

export const addTeam = defineCommand({
  name: 'team add',
  summary: 'make a team that users and keys can belong to',
  args: 'ID',
  flags: sharedFlags('team'),
  examples: ['metis-gateway team add platform --monthly-cap-usd 2000'],
  async run({ flags, args: [id], io }) {
    const team = newIdentity('team', id, flags)
    return withNode(io, flags, {}, async ({ identities }) => {
      await identities.createTeam(team, authorOf(io))
      return added('team', team.id, flags.json, io)
    })
  },
})

interface IdentityFlags {
  readonly name: string | undefined
  readonly 'daily-cap-usd': number | undefined
  readonly 'monthly-cap-usd': number | undefined
  readonly 'budget-usd': number | undefined
}

function newIdentity(kind: IdentityKind, id: string | undefined, flags: IdentityFlags): NewIdentity {
  if (id === undefined) throw new UsageError(`${kind} add needs an ID`)
  requireId(kind, id)
  return {
    id,
    ...(flags.name === undefined ? {} : { displayName: flags.name }),
    dailyCapNanoUsd: nanoOrNull(flags['daily-cap-usd']),
    monthlyCapNanoUsd: nanoOrNull(flags['monthly-cap-usd']),
    budgetNanoUsd: nanoOrNull(flags['budget-usd']),
  }
}

function nanoOrNull(amountUsd: number | undefined): number | null {
  return amountUsd === undefined ? null : nanoUsdOf(amountUsd)
}

function added(kind: IdentityKind, id: string, json: boolean, io: Io): number {
  io.out(json ? JSON.stringify({ [`${kind}_id`]: id, created: true }) : `added ${kind} ${id}`)
  return 0
}
