// Databases as older versions of this program left them: test/fixtures/ledgers, written into the database that a suite runs on.
import { readFileSync } from 'node:fs'
import { Migrator, sql } from 'kysely'
import * as z from 'zod'
import { databaseAddressOf } from '../../runtimes/node/database-address.ts'
import { openStorage, type NodeStorage } from '../../runtimes/node/open-storage.ts'
import { processFacts } from '../../runtimes/node/process-facts.ts'
import { createToken, TOKEN_RANDOM_BYTES } from '../../src/lib/token.ts'
import { migrations } from '../../src/store/migrations/index.ts'

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]))
const ledger = z.object({
  /** By which version, how, and what was replaced. */
  made: z.string(),
  migrations: z.array(z.string()),
  /** The first of `gateway_keys` has asked, the second is revoked. */
  tables: z.record(z.string(), z.array(row)),
})

export type OlderLedger = z.infer<typeof ledger>
export type OlderRow = z.infer<typeof row>

/** The gateway that was killed ran on this host: of another one only a silence of 90 s tells that it is dead. */
export function readOlderLedger(schema: string): OlderLedger {
  const file = new URL(`../fixtures/ledgers/${schema}.json`, import.meta.url)
  const { tables, ...rest } = ledger.parse(JSON.parse(readFileSync(file, 'utf8')))
  const instances = (tables['instances'] ?? []).map((instance) => Object.assign(instance, { host: processFacts().host }))
  return { ...rest, tables: { ...tables, instances } }
}

/** Of its keys, in order. What the fixtures hold are hashes of these. */
export function tokensOf({ tables }: OlderLedger): readonly string[] {
  const ids = (tables['gateway_keys'] ?? []).map(({ id }) => String(id).replace(/^gk_/, ''))
  return ids.map((id) => createToken(id, new Uint8Array(TOKEN_RANDOM_BYTES)))
}

/** Into an empty database. `db`: as METIS_DB has it. */
export async function writeOlderLedger(db: string, { migrations: names, tables }: OlderLedger): Promise<void> {
  const storage = await openStorage(databaseAddressOf(db), { maintained: false })
  try {
    await migrateUntil(storage, names)
    for (const [table, rows] of Object.entries(tables)) for (const each of rows) await insert(storage, table, each)
  } finally {
    await storage.close()
  }
}

/** As the program did that knew only these. */
export async function migrateUntil({ db }: Pick<NodeStorage, 'db'>, names: readonly string[]): Promise<void> {
  const known = Object.fromEntries(Object.entries(migrations).filter(([name]) => names.includes(name)))
  const provider = { getMigrations: () => Promise.resolve(known) }
  const { error } = await new Migrator({ db, provider, disableTransactions: true }).migrateToLatest()
  if (error !== undefined) throw error
}

/** All rows of a table, in no order. */
export async function rowsOf({ db }: Pick<NodeStorage, 'db'>, table: string): Promise<readonly OlderRow[]> {
  const { rows } = await sql`select * from ${sql.table(table)}`.execute(db)
  return z.array(row).parse(rows)
}

async function insert({ db }: NodeStorage, table: string, values: OlderRow): Promise<void> {
  const columns = sql.join(Object.keys(values).map((name) => sql.ref(name)))
  await sql`insert into ${sql.table(table)} (${columns}) values (${sql.join(Object.values(values))})`.execute(db)
}
