// `user …` and `team …`: the same four commands for both kinds of identity.
import { isoOf } from '../../../src/store/key-json.ts'
import { nanoUsdOf, usdOf } from '../../../src/lib/money.ts'
import type { CapChange, IdentityKind } from '../../../src/store/quotas.ts'
import type { TeamsTable, UsersTable } from '../../../src/store/schema.ts'
import { defineCommand, type Command } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, usdOrNone } from './flags.ts'
import { addTeam, addUser } from './identity-add.ts'
import { setUserTeam } from './identity-team.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

const sharedFlags = { db: dbFlag, config: configFlag, json: jsonFlag }

export function identityCommands(kind: IdentityKind): readonly Command[] {
  return [
    kind === 'user' ? addUser : addTeam,
    listCommand(kind),
    setCapCommand(kind),
    ...(kind === 'user' ? [setUserTeam] : []),
    switchCommand(kind, true),
    switchCommand(kind, false),
  ]
}

function listCommand(kind: IdentityKind): Command {
  return defineCommand({
    name: `${kind} list`,
    summary: `list ${kind}s and their caps`,
    flags: sharedFlags,
    examples: [`metis-gateway ${kind} list`, `metis-gateway ${kind} list --json | jq '.data[].${kind}_id'`],
    run: ({ flags, io }) =>
      withNode(io, flags, {}, async ({ identities }) => {
        const all: readonly (UsersTable | TeamsTable)[] =
          kind === 'user' ? await identities.listUsers() : await identities.listTeams()
        if (flags.json) {
          io.out(JSON.stringify({ data: all.map((identity) => identityJson(kind, identity)) }))
          return 0
        }
        if (all.length === 0) {
          io.err(`there is no ${kind} yet: metis-gateway ${kind} add ID makes one`)
          return 0
        }
        const rows = all.map((identity) => {
          const [day = '', month = '', whole = ''] = capsOf(identity)
          const team = ('team_id' in identity ? identity.team_id : null) ?? '-'
          return [identity.id, identity.display_name, team, day, month, whole, stateOf(identity)]
        })
        const header = [kind.toUpperCase(), 'NAME', 'TEAM', 'USD/DAY', 'USD/MONTH', 'USD IN ALL', 'STATE']
        // A team is in no team.
        const shown = kind === 'user' ? [header, ...rows] : [header, ...rows].map((row) => row.toSpliced(2, 1))
        for (const line of tableLines(shown[0] ?? [], shown.slice(1))) io.out(line)
        return 0
      }),
  })
}

function setCapCommand(kind: IdentityKind): Command {
  return defineCommand({
    name: `${kind} set-cap`,
    summary: `change or lift the spending caps of a ${kind}; running gateways follow within a second`,
    args: 'ID',
    flags: {
      'daily-cap-usd': usdOrNone('most it may spend a day (UTC)'),
      'monthly-cap-usd': usdOrNone('most it may spend a month (UTC)'),
      'budget-usd': usdOrNone('most it may spend in all, from when it was first given'),
      ...sharedFlags,
    },
    examples: [
      `metis-gateway ${kind} set-cap ${sample[kind]} --daily-cap-usd 10`,
      `metis-gateway ${kind} set-cap ${sample[kind]} --monthly-cap-usd none`,
    ],
    async run({ flags, args: [id], io }) {
      if (id === undefined) throw new UsageError(`${kind} set-cap needs the id of a ${kind}`)
      const caps: CapChange = {
        dailyNanoUsd: nanoOf(flags['daily-cap-usd']),
        monthlyNanoUsd: nanoOf(flags['monthly-cap-usd']),
        budgetNanoUsd: nanoOf(flags['budget-usd']),
      }
      if (Object.values(caps).every((cap) => cap === undefined))
        throw new UsageError(`${kind} set-cap needs a cap: --daily-cap-usd, --monthly-cap-usd or --budget-usd, an amount or none`)
      return withNode(io, flags, {}, async ({ identities }) => {
        if (!(await identities.setCaps(kind, id, caps, authorOf(io)))) throw noSuch(kind, id)
        const identity = kind === 'user' ? await identities.findUser(id) : await identities.findTeam(id)
        if (identity === null) throw noSuch(kind, id)
        const [day, month, all] = capsOf(identity)
        const shown = `${kind} ${id}: USD ${day} a day, ${month} a month, ${all} in all`
        io.out(flags.json ? JSON.stringify(identityJson(kind, identity)) : shown)
        return 0
      })
    },
  })
}

function switchCommand(kind: IdentityKind, disable: boolean): Command {
  const verb = disable ? 'disable' : 'enable'
  return defineCommand({
    name: `${kind} ${verb}`,
    summary: disable ? `refuse all keys of a ${kind}, at once` : `take the keys of a disabled ${kind} again`,
    args: 'ID',
    flags: sharedFlags,
    examples: [`metis-gateway ${kind} ${verb} ${sample[kind]}`],
    async run({ flags, args: [id], io }) {
      if (id === undefined) throw new UsageError(`${kind} ${verb} needs the id of a ${kind}`)
      return withNode(io, flags, {}, async ({ identities }) => {
        if (!(await identities.setDisabled(kind, id, disable, authorOf(io)))) {
          const known = kind === 'user' ? await identities.findUser(id) : await identities.findTeam(id)
          throw known === null ? noSuch(kind, id) : new CommandError(`${kind} ${id} was ${verb}d before`)
        }
        io.out(flags.json ? JSON.stringify({ [`${kind}_id`]: id, disabled: disable }) : `${verb}d ${kind} ${id}`)
        return 0
      })
    },
  })
}

const sample = { user: 'ada', team: 'platform' } as const

function noSuch(kind: IdentityKind, id: string): CommandError {
  return new CommandError(`there is no ${kind} "${id.slice(0, 80)}": metis-gateway ${kind} list shows those there are`)
}

/** What of a cap flag goes into the change: nothing, when it was not given. */
function nanoOf(given: number | 'none' | undefined): number | null | undefined {
  return given === undefined || given === 'none' ? (given === 'none' ? null : undefined) : nanoUsdOf(given)
}

const capsOf = (identity: UsersTable | TeamsTable): readonly string[] =>
  [identity.daily_cap_nano_usd, identity.monthly_cap_nano_usd, identity.budget_nano_usd].map(shownUsd)

function shownUsd(nanoUsd: number | null): string {
  return nanoUsd === null ? '-' : String(usdOf(nanoUsd))
}

const stateOf = (identity: { readonly disabled_us: number | null }): string =>
  identity.disabled_us === null ? 'active' : 'disabled'

function identityJson(kind: IdentityKind, identity: UsersTable | TeamsTable): Readonly<Record<string, unknown>> {
  const usdOrNull = (nanoUsd: number | null) => (nanoUsd === null ? null : usdOf(nanoUsd))
  return {
    [`${kind}_id`]: identity.id,
    display_name: identity.display_name,
    ...('team_id' in identity ? { team_id: identity.team_id } : {}),
    state: stateOf(identity),
    daily_cap_usd: usdOrNull(identity.daily_cap_nano_usd),
    monthly_cap_usd: usdOrNull(identity.monthly_cap_nano_usd),
    budget_usd: usdOrNull(identity.budget_nano_usd),
    created_at: isoOf(identity.created_us),
    disabled_at: isoOf(identity.disabled_us),
  }
}
