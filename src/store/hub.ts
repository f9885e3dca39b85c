// The hub's half of a push: who may push, and what was pushed on record, once, as its sender's own. Nothing that is pushed
// opens a door here, or changes a key, a cap or a turn of anybody else.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { GatewayError } from '../ir/errors.ts'
import { ulidTimeMs } from '../lib/ids.ts'
import { nanoUsdOf } from '../lib/money.ts'
import { TOKEN_RANDOM_BYTES, constantTimeEqual, createToken, parseToken } from '../lib/token.ts'
import type { Clock, Logger, Services } from '../services.ts'
import { auditEvent, insertEventIf, type Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { AuditEvent, AuditType } from './events.ts'
import { checkTurns } from './push-check.ts'
import { aheadUs, inItsTime } from './pushed-ids.ts'
import type { PushAnswer, PushedName, PushedTurn, UncheckedPush } from './push-format.ts'
import type { Database, HubTokensTable, InflightTable } from './schema.ts'
import { createTemplate } from './statements.ts'
import type { Storage, Unit } from './storage.ts'
import type { TurnClosed, TurnOpened } from './traces.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'
import type { TurnStatements } from './turn-statements.ts'
import { bytesOf, lateCloseUnit, unsettled } from './turn-units.ts'

export interface Hub {
  /** The token is in the answer and nowhere else; the source's token before it is refused from now on. */
  issue(source: string, by: Author): Promise<{ readonly id: string; readonly token: string }>
  list(): Promise<readonly Omit<HubTokensTable, 'token_hash'>[]>
  /** False when there is no such token, or it was revoked before. */
  revoke(id: string, by: Author): Promise<boolean>
  /** Whose token this is; null = nobody's. */
  sourceOf(token: string): Promise<string | null>
  /** @throws GatewayError store_unavailable: what was not taken is to be sent again */
  take(source: string, pushed: UncheckedPush): Promise<PushAnswer>
}

export interface HubParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly logger: Logger
  readonly hash: Services['hash']
  readonly newId: () => string
  readonly randomBytes: (length: number) => Uint8Array
}

const clockAhead = 'it is more than an hour ahead of the hub’s clock: set the clock of the machine that pushes; nothing is lost'
const dummyHash = '0'.repeat(64)

export function createHub({ storage, queue, clock, logger, hash, newId, randomBytes }: HubParts): Hub {
  const { db } = storage
  const statements = createTurnStatements(db)
  const openPushed = openPushedIn(db)
  const insertEvent = (event: AuditEvent) => statements.insertEvent(eventRowOf(event))
  const audited = (type: AuditType, payload: Readonly<Record<string, unknown>>): AuditEvent =>
    auditEvent(type, payload, { id: newId(), timestampUs: clock.nowUs() })

  /** Whether it is new; null = the store takes its neighbours and not this one. */
  async function store(turn: PushedTurn, source: string): Promise<boolean | null> {
    const unit = takenUnit(statements, openPushed, turn, source)
    try {
      // What the last statement closed, this unit had opened.
      return (await queue.commit(unit, bytesOf(unit))).at(-1) === 1
    } catch (error) {
      if (error instanceof GatewayError) throw error
      logger.log('error', 'the store does not take a pushed turn', { laptop: source, turn_id: turn.turnId, error: String(error) })
      return null
    }
  }

  return {
    async issue(source, by) {
      const ulid = newId()
      const token = `hub_${createToken(ulid, randomBytes(TOKEN_RANDOM_BYTES)).slice(3)}`
      const nowUs = clock.nowUs()
      const row = { id: `hub_${ulid}`, source, token_hash: await hash(token), created_us: nowUs }
      await queue.commit([
        insertEvent(audited('gateway.hub_token_issued', { token_id: row.id, name: source, ...by })),
        // Sent again after an answer that was lost, it must not revoke what it issued.
        revokeWhere(db, nowUs).where('source', '=', source).where('id', '!=', row.id).compile(),
        db
          .insertInto('hub_tokens')
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .compile(),
      ])
      return { id: row.id, token }
    },

    list: () =>
      db.selectFrom('hub_tokens').select(['id', 'source', 'created_us', 'revoked_us', 'last_push_us']).orderBy('id').execute(),

    async revoke(id, by) {
      const works = sql`exists (select 1 from hub_tokens where id = ${id} and revoked_us is null)`
      const event = audited('gateway.hub_token_revoked', { token_id: id, ...by })
      const revoke = revokeWhere(db, clock.nowUs()).where('id', '=', id).compile()
      const [, revoked = 0] = await queue.commit([insertEventIf(db, event, works), revoke])
      return revoked === 1
    },

    async sourceOf(token) {
      const parsed = token.startsWith('hub_') ? parseToken(`gw_${token.slice(4)}`) : null
      // Its checksum is no secret: what is no token at all need not be looked for.
      if (parsed === null) return null
      const id = `hub_${parsed.keyId.slice(3)}`
      const row = await db.selectFrom('hub_tokens').selectAll().where('id', '=', id).executeTakeFirst()
      const matches = constantTimeEqual(await hash(token), row?.token_hash ?? dummyHash)
      return row !== undefined && matches && row.revoked_us === null ? row.source : null
    },

    async take(source, { names, turns: unchecked }) {
      const nowUs = clock.nowUs()
      const { turns: all, refused } = checkTurns(unchecked)
      const [ahead, turns] = split(all, (turn) => youngestUs(inItsTime(turn)) > nowUs + aheadUs)
      const seen = db.updateTable('hub_tokens').set({ last_push_us: nowUs }).where('source', '=', source)
      await queue.commit([
        ...names.map((name) => nameStatement(db, source, name)),
        seen.where('revoked_us', 'is', null).compile(),
      ])
      const reasonFor = await refusals(db, source, turns)
      const [foreign, own] = split(turns, (turn) => reasonFor(turn) !== null)
      const outcomes = await Promise.all(own.map((turn) => store(turn, source)))
      const rejected = own.filter((_, place) => outcomes[place] === null)
      return {
        accepted: outcomes.filter((outcome) => outcome === true).length,
        known: outcomes.filter((outcome) => outcome === false).length,
        refused: [...refused, ...foreign.map((turn) => ({ turn_id: turn.turnId, reason: reasonFor(turn) ?? '' }))],
        later: [
          ...ahead.map(({ turnId }) => ({ turn_id: turnId, reason: clockAhead })),
          ...rejected.map(({ turnId }) => ({ turn_id: turnId, reason: 'the hub’s store does not take it; its log says why' })),
        ],
      }
    },
  }
}

const revokeWhere = (db: Kysely<Database>, nowUs: number) =>
  db.updateTable('hub_tokens').set({ revoked_us: nowUs }).where('revoked_us', 'is', null)

/** Only who brought a name may change it. */
const nameStatement = (db: Kysely<Database>, source: string, { kind, id, name }: PushedName) =>
  sql`insert into pushed_names (kind, id, name, source) values (${kind}, ${id}, ${name}, ${source})
on conflict (kind, id) do update set name = excluded.name where pushed_names.source = excluded.source`.compile(db)

/** Why a turn is not taken; null = it is. */
async function refusals(
  db: Kysely<Database>,
  source: string,
  turns: readonly PushedTurn[],
): Promise<(turn: PushedTurn) => string | null> {
  const keyIds = [...new Set(turns.flatMap(({ turn }) => turn.payload.gateway_key_id ?? []))]
  const turnIds = turns.map(({ turnId }) => turnId)
  const owned = await within(keyIds, (ids) =>
    db
      .selectFrom('pushed_names')
      .select('id')
      .where('kind', '=', 'gateway_key')
      .where('source', '=', source)
      .where('id', 'in', ids)
      .execute(),
  )
  const ownKeys = await within(keyIds, (ids) => db.selectFrom('gateway_keys').select('id').where('id', 'in', ids).execute())
  const running = await within(turnIds, (ids) =>
    db.selectFrom('inflight').select('turn_id as id').where('turn_id', 'in', ids).execute(),
  )
  return ({ turnId, route, call, turn }) => {
    const keyId = turn.payload.gateway_key_id
    if (keyId !== null && (ownKeys.has(keyId) || !owned.has(keyId))) return 'its key is another’s'
    if (running.has(turnId)) return 'it runs here'
    if ([route, call ?? route].some((event) => event.payload.gateway_key_id !== keyId)) return 'its events name different keys'
    return null
  }
}

/** Those that are so, and the others. */
function split<T>(all: readonly T[], isSo: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isSo), all.filter((one) => !isSo(one))]
}

const youngestUs = ({ route, call, turn }: PushedTurn): number =>
  Math.max(...[route, call ?? route, turn].flatMap(({ id, timestampUs }) => [timestampUs, ulidTimeMs(id) * 1000]))

async function within(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<readonly { readonly id: string }[]>,
): Promise<ReadonlySet<string>> {
  return new Set(ids.length === 0 ? [] : (await read(ids)).map((row) => row.id))
}

type OpenPushed = (row: InflightTable & { readonly route_id: string; readonly sent_route_id: string }) => Unit[number]

/** The guard of all that follows in its unit: nothing of this turn is here yet, whoever brought it, under whichever id. */
const openPushedIn = (db: Kysely<Database>): OpenPushed =>
  createTemplate((slot) =>
    sql`insert into inflight (turn_id, instance_id, started_us, opened_json)
select ${slot('turn_id')}, ${slot('instance_id')}, ${slot('started_us')}, ${slot('opened_json')}
where not exists (select 1 from events where events.id in (${slot('route_id')}, ${slot('sent_route_id')}))
and not exists (select 1 from calls where calls.turn_id = ${slot('turn_id')}) on conflict do nothing`.compile(db),
  )

/** Opened and closed in one: nobody ever sees it under way. */
function takenUnit(statements: TurnStatements, open: OpenPushed, sent: PushedTurn, source: string): Unit {
  const pushed = inItsTime(sent)
  const { turnId } = pushed
  const route: TurnOpened['route'] = { ...pushed.route, turnId, type: 'route.decided' }
  const turn: TurnClosed['turn'] = { ...pushed.turn, turnId, type: 'turn.completed' }
  const call: TurnClosed['call'] = pushed.call === null ? null : { ...pushed.call, turnId }
  const usd = call?.type === 'llm.call_completed' ? call.payload.cost_usd : 0
  const inflight = { turn_id: turnId, instance_id: source, started_us: route.timestampUs, opened_json: '{}' }
  return [
    unsettled(statements, route),
    open({ ...inflight, route_id: route.id, sent_route_id: sent.route.id }),
    statements.insertLastEvent(eventRowOf(route)),
    ...lateCloseUnit(statements, { turnId, call, costNanoUsd: usd === null ? null : nanoUsdOf(usd), turn }),
  ]
}
