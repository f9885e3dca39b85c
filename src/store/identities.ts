// Users and teams: whom usage is counted for, and where caps hang.
import type { Clock } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { TeamsTable, UsersTable } from './schema.ts'
import { StoreError } from './store-error.ts'
import type { Storage } from './storage.ts'

export interface NewIdentity {
  readonly id: string
  /** The id when absent. */
  readonly displayName?: string
  readonly dailyCapNanoUsd?: number | null
  readonly monthlyCapNanoUsd?: number | null
}

export interface IdentityStore {
  findUser(id: string): Promise<UsersTable | null>
  findTeam(id: string): Promise<TeamsTable | null>
  /** @throws StoreError when the id is taken */
  createUser(user: NewIdentity & { readonly teamId?: string | null }): Promise<void>
  /** @throws StoreError when the id is taken */
  createTeam(team: NewIdentity): Promise<void>
  /** By id. */
  listUsers(): Promise<readonly UsersTable[]>
  listTeams(): Promise<readonly TeamsTable[]>
  /**
   * Makes sure that the identity is there; null needs nothing.
   * @throws StoreError when it is not and `create` is false
   */
  require(kind: 'user' | 'team', id: string | null, create: boolean): Promise<void>
}

export interface IdentityStoreParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
}

export function createIdentityStore({ storage, queue, clock }: IdentityStoreParts): IdentityStore {
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
    created_us: clock.nowUs(),
    disabled_us: null,
  })

  const createUser: IdentityStore['createUser'] = async (user) => {
    const row = { ...shared(user), team_id: user.teamId ?? null }
    const insert = db
      .insertInto('users')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
    refuseTaken('user', user.id, await queue.commit([insert.compile()]))
  }

  const createTeam: IdentityStore['createTeam'] = async (team) => {
    const insert = db
      .insertInto('teams')
      .values(shared(team))
      .onConflict((conflict) => conflict.doNothing())
    refuseTaken('team', team.id, await queue.commit([insert.compile()]))
  }

  return {
    findUser,
    findTeam,
    createUser,
    createTeam,
    listUsers: () => db.selectFrom('users').selectAll().orderBy('id').execute(),
    listTeams: () => db.selectFrom('teams').selectAll().orderBy('id').execute(),
    require: async (kind, id, create) => {
      if (id === null) return
      const found = kind === 'user' ? await findUser(id) : await findTeam(id)
      if (found !== null) return
      if (!create) {
        throw new StoreError(`there is no ${kind} '${id}'`, `make it with \`metis-gateway ${kind} add ${id}\`, or give --create`)
      }
      await (kind === 'user' ? createUser({ id }) : createTeam({ id }))
    },
  }
}

function refuseTaken(kind: 'user' | 'team', id: string, [inserted = 0]: readonly number[]): void {
  if (inserted === 0) throw new StoreError(`there is a ${kind} '${id}' already`, 'choose another id')
}
