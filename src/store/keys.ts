// Gateway keys: what every request asks and what the commands do. Only the token's SHA-256 is stored. A record is kept only
// while the store itself says that no process has changed one (3 µs to ask, 10 to 26 µs to read): revoking works at once.
import { sql } from 'kysely'
import { TOKEN_RANDOM_BYTES, createToken } from '../lib/token.ts'
import type { Clock, Services } from '../services.ts'
import { auditEvent, insertEventIf } from './audit.ts'
import type { Author } from './audit.ts'
import { storeUnavailable } from './commit-queue.ts'
import type { CommitQueue } from './commit-queue.ts'
import { createIdentityStore } from './identities.ts'
import type { AuditType } from './events.ts'
import { keyChangeUnit, type KeyChange } from './key-changes.ts'
import { ownerOf, recordOf, rowOf } from './key-record.ts'
import type { KeyRecord, KeyRow, NewKey, OwnerRecord } from './key-record.ts'
import { keyStatements, keysWithOwners, summaryColumns } from './key-statements.ts'
import type { GatewayKeysTable } from './schema.ts'
import { StorageBusy } from './storage.ts'
import type { Storage } from './storage.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'

export type { KeyRecord, NewKey } from './key-record.ts'

/** A key as people see it; nothing in it opens a door. */
export type KeySummary = Omit<GatewayKeysTable, 'token_hash'> & {
  /** When its user or its team was disabled; null = neither is. */
  readonly owner_disabled_us: number | null
}

export interface IssuedKey {
  readonly keyId: string
  /** In this answer and nowhere else. */
  readonly token: string
}

export interface KeyStore {
  /** At once where the driver is synchronous; null = no such key. */
  findForToken(keyId: string): KeyRecord | null | Promise<KeyRecord | null>
  /** Of a user that an issuer of tokens names, known here or not; its own team when none is named. */
  findOwner(userId: string, teamId: string | null): Promise<OwnerRecord>
  /** Notes that the key was used, at most once a minute per key; never waits, never throws. */
  touch(keyId: string): void
  /** @throws StoreError for an unknown user or team, unless `create` */
  issue(key: NewKey, by: Author): Promise<IssuedKey>
  /** Oldest first, revoked ones too. */
  list(): Promise<readonly KeySummary[]>
  /** False when there is no such key, or it was revoked before. */
  revoke(keyId: string, by: Author): Promise<boolean>
  /** Of it and of the keys whose place it took, where they are limited together. False when there is no such key, or it is revoked. */
  change(keyId: string, change: KeyChange, by: Author): Promise<boolean>
  /** A key with all that this one has but its token; this one works for `graceMs` more. null = it does not work, or was rotated before. */
  rotate(keyId: string, graceMs: number, by: Author): Promise<IssuedKey | null>
}

export interface KeyStoreParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly hash: Services['hash']
  /** ULIDs of this process. */
  readonly newId: () => string
  /** Bytes of the system's CSPRNG. */
  readonly randomBytes: (length: number) => Uint8Array
}

const touchEveryUs = 60_000_000
/** Records held while the store says that nothing changed. */
const knownKeys = 10_000

export function createKeyStore(parts: KeyStoreParts): KeyStore {
  const { storage, queue, clock, hash, newId, randomBytes } = parts
  const statements = keyStatements(storage.db)
  const { insertEvent } = createTurnStatements(storage.db)
  const identities = createIdentityStore(parts)
  const touchedUs = new Map<string, number>()
  const known = new Map<string, KeyRecord>()
  let knownVersion: number | null = null
  /** What was known until changes may have gone unheard: for a store that is away before it could be read again. */
  const doubtful = new Map<string, { readonly record: KeyRecord; readonly sinceMs: number }>()
  let heard: number | undefined

  const doubtAll = (): void => {
    const doubt = storage.identityDoubt?.()
    if (doubt === undefined || doubt.heard !== heard || doubtful.size + known.size > knownKeys) doubtful.clear()
    else for (const [keyId, record] of known) doubtful.set(keyId, { record, sinceMs: doubt.sinceMs })
    known.clear()
    heard = doubt?.heard
  }

  /** To the client of a store that is away it does not matter why. @throws GatewayError store_unavailable */
  const withoutStore = (keyId: string, error: unknown): KeyRecord => {
    if (!(error instanceof StorageBusy)) throw error
    const held = doubtful.get(keyId)
    const doubt = storage.identityDoubt?.()
    if (held === undefined || doubt === undefined || doubt.heard !== heard || !doubt.trusts(held.sinceMs))
      throw storeUnavailable()
    return held.record
  }

  /** `version`: when the rows were asked for; what changed meanwhile may not be in them. */
  const remembered = (keyId: string, rows: readonly KeyRow[], version: number | null): KeyRecord | null => {
    const [row] = rows
    doubtful.delete(keyId)
    if (row === undefined) return null
    const record = recordOf(row)
    if (version === null || version !== knownVersion || version !== storage.identityVersion?.()) {
      const doubt = storage.identityDoubt?.()
      if (doubt !== undefined) doubtful.set(keyId, { record, sinceMs: doubt.sinceMs })
      return record
    }
    if (known.size >= knownKeys) known.clear()
    known.set(keyId, record)
    return record
  }

  const audited = (type: AuditType, payload: Readonly<Record<string, unknown>>) =>
    auditEvent(type, payload, { id: newId(), timestampUs: clock.nowUs() })

  const newToken = async () => {
    const ulid = newId()
    const token = createToken(ulid, randomBytes(TOKEN_RANDOM_BYTES))
    return { id: `gk_${ulid}`, token, tokenHash: await hash(token), nowUs: clock.nowUs() }
  }

  return {
    findForToken: (keyId) => {
      const version = storage.identityVersion?.() ?? null
      if (version !== knownVersion) doubtAll()
      knownVersion = version
      const record = known.get(keyId)
      if (record !== undefined) return record
      const rows = storage.read(statements.find({ id: keyId }))
      return rows instanceof Promise
        ? rows.then(
            (found) => remembered(keyId, found, version),
            (error: unknown) => withoutStore(keyId, error),
          )
        : remembered(keyId, rows, version)
    },

    findOwner: async (userId, teamId) => {
      const [row] = await storage.read(statements.findOwner({ user_id: userId, team_id: teamId }))
      if (row === undefined) throw new Error('the store knows nothing of nobody')
      return ownerOf(row)
    },

    touch: (keyId) => {
      const nowUs = clock.nowUs()
      if (nowUs - (touchedUs.get(keyId) ?? 0) < touchEveryUs) return
      touchedUs.set(keyId, nowUs)
      // Only a convenience for people: a store that is away may lose it.
      queue.commit([statements.touch({ id: keyId, last_used_us: nowUs })]).catch(() => touchedUs.delete(keyId))
    },

    issue: async (key, by) => {
      await identities.require('team', key.teamId ?? null, key.create === true, by)
      await identities.require('user', key.userId ?? null, key.create === true, by)
      const made = await newToken()
      const row = rowOf(key, made)
      const { id, name, workspace, user_id, team_id } = row
      const logs = row.log_messages === 1 ? { log_messages: true } : {}
      const event = audited('gateway.key_issued', { key_id: id, name, workspace, user_id, team_id, ...logs, ...by })
      await queue.commit([statements.insert(row), insertEvent(eventRowOf(event))])
      return { keyId: id, token: made.token }
    },

    list: () =>
      keysWithOwners(storage.db)
        .select(summaryColumns.map((column) => `k.${column}` as const))
        .orderBy('k.id')
        .execute(),

    revoke: async (keyId, by) => {
      const works = sql`exists (select 1 from gateway_keys where id = ${keyId} and revoked_us is null)`
      const event = audited('gateway.key_revoked', { key_id: keyId, ...by })
      const [, changed = 0] = await queue.commit([
        insertEventIf(storage.db, event, works),
        statements.revoke({ id: keyId, revoked_us: clock.nowUs() }),
      ])
      return changed === 1
    },

    change: async (keyId, change, by) => {
      const key = await storage.db.selectFrom('gateway_keys').select(['id', 'root_id']).where('id', '=', keyId).executeTakeFirst()
      if (key === undefined) return false
      const stamp = { id: newId(), timestampUs: clock.nowUs() }
      const affected = await queue.commit(keyChangeUnit(storage.db, key, change, by, stamp))
      return affected.at(-1) === 1
    },

    rotate: async (keyId, graceMs, by) => {
      const { id, token, tokenHash, nowUs } = await newToken()
      const graceUntilUs = nowUs + graceMs * 1000
      const row = {
        id,
        token_hash: tokenHash,
        created_us: nowUs,
        predecessor_id: keyId,
        grace_until_us: graceUntilUs,
      }
      const grace_until = new Date(graceUntilUs / 1000).toISOString()
      const event = audited('gateway.key_rotated', { key_id: keyId, successor_id: id, grace_until, ...by })
      const done = sql`exists (select 1 from gateway_keys where id = ${id})`
      const [made = 0] = await queue.commit([
        statements.insertSuccessor(row),
        insertEventIf(storage.db, event, done),
        statements.retire(row),
      ])
      if (made === 1) return { keyId: id, token }
      // Sent again after an answer that was lost, it finds its own work done.
      const own = await storage.db.selectFrom('gateway_keys').select('id').where('id', '=', id).executeTakeFirst()
      return own === undefined ? null : { keyId: id, token }
    },
  }
}
