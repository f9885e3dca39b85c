// Users and teams: whom usage is counted for, and where caps hang. Every change is one unit with its audit event, and running
// gateways see it with the next request.
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { usdOf } from '../lib/money.ts'
import type { Clock } from '../services.ts'
import { auditEvent, insertEventIf } from './audit.ts'
import type { Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { TeamsTable, UsersTable } from './schema.ts'
import { countedBefore } from './quota-counts.ts'
import type { CapChange, IdentityKind } from './quotas.ts'
import { StoreError } from './store-error.ts'
import type { Storage, Unit } from './storage.ts'

export interface NewIdentity {
  readonly id: string
  /** The id when absent. */
  readonly displayName?: string
  readonly dailyCapNanoUsd?: number | null
  readonly monthlyCapNanoUsd?: number | null
  /** One-off: it is not filled up again. */
  readonly budgetNanoUsd?: number | null
}

export interface IdentityStore {
  findUser(id: string): Promise<UsersTable | null>
  findTeam(id: string): Promise<TeamsTable | null>
  /** @throws StoreError when the id is taken */
  createUser(user: NewIdentity & { readonly teamId?: string | null }, by: Author): Promise<void>
  /** @throws StoreError when the id is taken */
  createTeam(team: NewIdentity, by: Author): Promise<void>
  /** By id. */
  listUsers(): Promise<readonly UsersTable[]>
  listTeams(): Promise<readonly TeamsTable[]>
  /** False when there is no such identity. */
  setCaps(kind: IdentityKind, id: string, caps: CapChange, by: Author): Promise<boolean>
  /** Of the user's calls from now on. null = none. False when there is no such user. @throws StoreError for an unknown team */
  setTeam(userId: string, teamId: string | null, by: Author): Promise<boolean>
  /** False when there is no such identity, or it was so before. */
  setDisabled(kind: IdentityKind, id: string, disabled: boolean, by: Author): Promise<boolean>
  /**
   * Makes sure that the identity is there; null needs nothing.
   * @throws StoreError when it is not and `create` is false
   */
  require(kind: IdentityKind, id: string | null, create: boolean, by: Author): Promise<void>
}

export interface IdentityStoreParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  /** ULIDs of this process. */
  readonly newId: () => string
}

export function createIdentityStore({ storage, queue, clock, newId }: IdentityStoreParts): IdentityStore {
  const { db } = storage

  const findUser = async (id: string) =>
    (await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
  const findTeam = async (id: string) =>
    (await db.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst()) ?? null

  const shared = (identity: NewIdentity) => ({
    id: identity.id,
    display_name: identity.displayName ?? identity.id,
    daily_cap_nano_usd: identity.dailyCapNanoUsd ?? null,
    monthly_cap_nano_usd: identity.monthlyCapNanoUsd ?? null,
    budget_nano_usd: identity.budgetNanoUsd ?? null,
    created_us: clock.nowUs(),
    disabled_us: null,
  })

  /** The last of the changes does something exactly while `condition` holds. True when it did. */
  async function audited(condition: RawBuilder<unknown>, payload: Readonly<Record<string, unknown>>, changes: Unit) {
    const stamp = { id: newId(), timestampUs: clock.nowUs() }
    const event = auditEvent('gateway.identity_changed', payload, stamp)
    const affected = await queue.commit([insertEventIf(db, event, condition), ...changes])
    return affected.at(-1) === 1
  }

  const createUser: IdentityStore['createUser'] = async (user, by) => {
    const row = { ...shared(user), team_id: user.teamId ?? null }
    const insert = db
      .insertInto('users')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .compile()
    const payload = { kind: 'user', id: user.id, change: 'created', team_id: row.team_id, ...capsIn(row), ...by }
    if (!(await audited(sql`not ${exists('user', user.id)}`, payload, [insert]))) throw taken('user', user.id)
  }

  const createTeam: IdentityStore['createTeam'] = async (team, by) => {
    const row = shared(team)
    const insert = db
      .insertInto('teams')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .compile()
    const payload = { kind: 'team', id: team.id, change: 'created', ...capsIn(row), ...by }
    if (!(await audited(sql`not ${exists('team', team.id)}`, payload, [insert]))) throw taken('team', team.id)
  }

  return {
    findUser,
    findTeam,
    createUser,
    createTeam,
    listUsers: () => db.selectFrom('users').selectAll().orderBy('id').execute(),
    listTeams: () => db.selectFrom('teams').selectAll().orderBy('id').execute(),
    setCaps: (kind, id, caps, by) => {
      const columns = {
        ...(caps.dailyNanoUsd === undefined ? {} : { daily_cap_nano_usd: caps.dailyNanoUsd }),
        ...(caps.monthlyNanoUsd === undefined ? {} : { monthly_cap_nano_usd: caps.monthlyNanoUsd }),
        ...(caps.budgetNanoUsd === undefined ? {} : { budget_nano_usd: caps.budgetNanoUsd }),
      }
      const change = db.updateTable(tables[kind]).set(columns).where('id', '=', id).compile()
      const counted = countedBefore(db, { kind, id }, caps, clock.nowUs())
      return audited(exists(kind, id), { kind, id, change: 'caps_set', ...capsIn(columns), ...by }, [...counted, change])
    },
    setTeam: async (userId, teamId, by) => {
      if (teamId !== null && (await findTeam(teamId)) === null)
        throw new StoreError(`there is no team '${teamId}'`, `make it with \`metis-gateway team add ${teamId}\``)
      const change = db.updateTable('users').set({ team_id: teamId }).where('id', '=', userId).compile()
      return audited(exists('user', userId), { kind: 'user', id: userId, change: 'team_set', team_id: teamId, ...by }, [change])
    },
    setDisabled: (kind, id, disabled, by) => {
      const isOther = sql`disabled_us is ${disabled ? sql`null` : sql`not null`}`
      const change = db
        .updateTable(tables[kind])
        .set({ disabled_us: disabled ? clock.nowUs() : null })
        .where('id', '=', id)
        .where(sql<boolean>`${isOther}`)
        .compile()
      const payload = { kind, id, change: disabled ? 'disabled' : 'enabled', ...by }
      return audited(exists(kind, id, isOther), payload, [change])
    },
    require: async (kind, id, create, by) => {
      if (id === null) return
      const found = kind === 'user' ? await findUser(id) : await findTeam(id)
      if (found !== null) return
      if (!create) {
        throw new StoreError(`there is no ${kind} '${id}'`, `make it with \`metis-gateway ${kind} add ${id}\`, or give --create`)
      }
      await (kind === 'user' ? createUser({ id }, by) : createTeam({ id }, by))
    },
  }
}

const tables = { user: 'users', team: 'teams' } as const

const exists = (kind: IdentityKind, id: string, also: RawBuilder<unknown> = sql`1 = 1`) =>
  sql`exists (select 1 from ${sql.table(tables[kind])} where id = ${id} and ${also})`

type CapColumns = Partial<Pick<UsersTable, 'daily_cap_nano_usd' | 'monthly_cap_nano_usd' | 'budget_nano_usd'>>

/** Caps as an event says them: in USD, only those that the change is about. */
function capsIn(columns: CapColumns): Readonly<Record<string, number | null>> {
  const said = [
    ['daily_cap_usd', columns.daily_cap_nano_usd],
    ['monthly_cap_usd', columns.monthly_cap_nano_usd],
    ['budget_usd', columns.budget_nano_usd],
  ] as const
  return Object.fromEntries(
    said.flatMap(([name, nanoUsd]) => (nanoUsd === undefined ? [] : [[name, nanoUsd === null ? null : usdOf(nanoUsd)] as const])),
  )
}

function taken(kind: IdentityKind, id: string): StoreError {
  return new StoreError(`there is a ${kind} '${id}' already`, 'choose another id')
}
