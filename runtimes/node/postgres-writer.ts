// The writer's connection to Postgres: one transaction for many units, all of its statements sent at once (pg's pipeline),
// so that a commit costs one way there and back however many units it holds.
import type { CompiledQuery } from 'kysely'
import type { Client, QueryConfig } from 'pg'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Unit, UnitOutcome } from '../../src/store/storage.ts'
import { faultOf } from './postgres-driver.ts'
import type { PostgresDriver } from './postgres-driver.ts'

export interface PostgresWriter {
  /** @throws StorageBusy, or what the server or the way to it said; sent again it changes nothing twice */
  commit(units: readonly Unit[]): Promise<readonly UnitOutcome[]>
  /** Syncs the server's log, where it does not do so at each commit. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** A server that has not answered by then is away, and what it was sent is sent again. */
const answerWithinMs = 15_000
/** Statements that the server keeps prepared; ad hoc ones beyond are parsed each time. */
const preparedStatements = 200
/**
 * One writer at a time over all gateways, as on SQLite: batches that meet the same hours in another order would lock each other
 * out, and Postgres takes a second to notice.
 */
const begin = 'begin; select pg_advisory_xact_lock(5064727105)'
/** For what may hold the others up: a gateway that stops in the middle of its batch. */
const patienceMs = 10_000
/** A key's use is noted once a minute, and is no change of the key. */
const identityChange = /\b(?:gateway_keys|users|teams)\b(?!" set "last_used_us")/

interface Named {
  readonly name: string | null
  readonly changesIdentities: boolean
}

/** `onIdentityChange`: a commit that may have changed keys or identities is on disk. */
export function createPostgresWriter(driver: PostgresDriver, onIdentityChange: () => void): PostgresWriter {
  const names = new Map<string, Named>()
  let connection: Promise<Client> | null = null
  let tail: Promise<unknown> = Promise.resolve()

  function connected(): Promise<Client> {
    if (connection !== null) return connection
    const opening = driver.connect(
      { pipeline: true, query_timeout: answerWithinMs },
      `set lock_timeout = ${patienceMs}; set idle_in_transaction_session_timeout = ${patienceMs}`,
    )
    const forget = (): void => {
      if (connection === opening) connection = null
    }
    opening.then((client) => client.once('end', forget), forget)
    connection = opening
    return opening
  }

  function drop(client: Client): void {
    connection = null
    void client.end().catch(() => undefined)
  }

  function nameOf(sql: string): Named {
    const known = names.get(sql)
    if (known !== undefined) return known
    const named = {
      name: names.size < preparedStatements ? `metis_${names.size}` : null,
      changesIdentities: identityChange.test(sql),
    }
    if (named.name !== null) names.set(sql, named)
    return named
  }

  function statementOf({ sql, parameters }: CompiledQuery): QueryConfig {
    const { name } = nameOf(sql)
    return { text: sql, values: parameters.map(storable), ...(name === null ? {} : { name }) }
  }

  async function together(client: Client, units: readonly Unit[]): Promise<readonly UnitOutcome[]> {
    // Before anything is sent: a value that cannot be stored must not leave a transaction open.
    const statements = units.map((unit) => unit.map(statementOf))
    const counts = await sendAll(client, [begin, ...statements.flat(), 'commit'])
    let place = 1
    return units.map((unit) => {
      const affected = counts.slice(place, place + unit.length)
      place += unit.length
      return { ok: true, affected }
    })
  }

  /** One of them is bad, which is rare: only then does each pay for a savepoint of its own. */
  async function apart(client: Client, units: readonly Unit[]): Promise<readonly UnitOutcome[]> {
    const outcomes: UnitOutcome[] = []
    await client.query(begin)
    try {
      for (const unit of units) outcomes.push(await guarded(client, unit))
      await client.query('commit')
      return outcomes
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    }
  }

  async function guarded(client: Client, unit: Unit): Promise<UnitOutcome> {
    await client.query('savepoint unit')
    try {
      const affected = await sendAll(client, unit.map(statementOf))
      await client.query('release savepoint unit')
      return { ok: true, affected }
    } catch (error) {
      if (faultOf(error) !== 'statement') throw error
      await client.query('rollback to savepoint unit')
      await client.query('release savepoint unit')
      return { ok: false, error }
    }
  }

  async function write(units: readonly Unit[]): Promise<readonly UnitOutcome[]> {
    const client = await connected()
    try {
      const outcomes = await together(client, units).catch((error: unknown) => {
        if (faultOf(error) !== 'statement') throw error
        return apart(client, units)
      })
      if (units.some((unit) => unit.some(({ sql }) => nameOf(sql).changesIdentities))) onIdentityChange()
      return outcomes
    } catch (error) {
      // Nothing of the old connection's state is known; the next commit makes a new one.
      drop(client)
      throw faultOf(error) === 'busy' ? new StorageBusy(error) : error
    }
  }

  /** One after the other: two queues may share a storage. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = tail.then(work, work)
    tail = done.catch(() => undefined)
    return done
  }

  return {
    commit: (units) => inTurn(() => write(units)),
    flush: () =>
      inTurn(async () => {
        const client = await connected()
        const { rows } = await client.query<{ synced: boolean }>(
          `select current_setting('synchronous_commit') <> 'off' as synced`,
        )
        if (rows[0]?.synced === true) return
        await sendAll(client, [
          'begin',
          'set local synchronous_commit = on',
          `select pg_logical_emit_message(true, 'metis-gateway', 'flush')`,
          'commit',
        ])
      }),
    close: () =>
      inTurn(async () => {
        const client = await connection?.catch(() => null)
        await client?.end()
      }),
  }
}

/** Rows changed by each statement. Rejects with the first fault; the server has then taken the transaction back at its `commit`. */
async function sendAll(client: Client, statements: readonly (string | QueryConfig)[]): Promise<readonly number[]> {
  const settled = await Promise.allSettled(statements.map((statement) => client.query(statement)))
  return settled.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value.rowCount ?? 0
  })
}

/**
 * What SQLite would store as it is. Postgres' text holds no NUL, which a client may well put into a model's name.
 * @throws TypeError for a value that no column of ours holds
 */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeError(`a value of type ${typeof value} cannot be stored`)
}
