// What is D1's own beside the contracts that all databases keep (test/contract/storages.ts).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql, type Kysely, type RawBuilder } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { openD1, type D1Database } from '../../runtimes/workers/d1.ts'
import { migrationFile } from '../../src/store/migration-units.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import type { Database } from '../../src/store/schema.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { unionAll } from '../../src/store/union-all.ts'
import { temporaryFolder } from '../store/open-store.ts'
import { startD1, type D1Server } from '../support/d1.ts'
import { root } from '../support/import-graph.ts'

const folder = join(root, 'dist/migrations')
const known = Object.keys(migrations)

let server: D1Server
beforeAll(async () => {
  server = await startD1()
})
afterAll(() => server.stop())

/** As `wrangler d1 migrations apply` does. */
async function applyFiles(d1: D1Database): Promise<void> {
  for (const name of known) {
    const statements = readFileSync(join(folder, `${name}.sql`), 'utf8').split(/;\n/)
    await d1.batch(statements.filter((text) => text.trim() !== '').map((text) => d1.prepare(text)))
  }
}

async function schemaOf(db: Kysely<Database>): Promise<readonly string[]> {
  const { rows } = await sql<{ sql: string }>`select sql from sqlite_master
where sql is not null and name not like '\\_cf\\_%' escape '\\' and name not like 'kysely\\_%' escape '\\' order by name`.execute(
    db,
  )
  return rows.map((row) => row.sql)
}

describe('the migrations of D1', () => {
  it('stand in files for wrangler, made of ours and of nothing else', async () => {
    expect(readdirSync(folder).sort()).toEqual(known.map((name) => `${name}.sql`))
    for (const name of known) expect(readFileSync(join(folder, `${name}.sql`), 'utf8')).toBe(await migrationFile(name))
  })

  it('make the schema that SQLite has, by our own hand and by the files', async () => {
    const home = temporaryFolder()
    const sqlite = await openSqlite(join(home.path, 'metis.db'))
    await migrate(sqlite)
    const wanted = await schemaOf(sqlite.db)
    await sqlite.close()
    home.remove()

    const ours = openD1(await server.database('ours'))
    await migrate(ours)
    expect(await schemaOf(ours.db)).toEqual(wanted)

    const files = await server.database('files')
    await applyFiles(files)
    expect(await schemaOf(openD1(files).db)).toEqual(wanted)
  })

  it('by files are known to our own, which then has nothing to do', async () => {
    const d1 = await server.database('files first')
    await applyFiles(d1)
    const storage = openD1(d1)
    expect(await schemaState(storage)).toEqual({ applied: known, pending: [], unknown: [] })
    await expect(migrate(storage)).resolves.toBeUndefined()
  })

  it('leave a migration that fails undone as a whole, and say so', async () => {
    const d1 = await server.database('in the way')
    await d1.prepare('create table inflight (mine text)').all()
    const storage = openD1(d1)
    await expect(migrate(storage)).rejects.toBeInstanceOf(StoreError)
    const tables = await storage.db.introspection.getTables()
    expect(tables.map(({ name }) => name)).toEqual(['inflight'])
  })
})

describe('D1', () => {
  it('takes 100 parameters a statement and refuses 101: the limit that our statements stay below', async () => {
    const storage = openD1(await server.database('parameters'))
    const numbers = (count: number) => Array.from({ length: count }, (_, place) => place)
    const ask = (count: number) => sql<{ n: number }>`select 1 as n where 7 in (${sql.join(numbers(count))})`.execute(storage.db)
    expect((await ask(100)).rows).toEqual([{ n: 1 }])
    await expect(ask(101)).rejects.toThrow(/between \?1 and \?100/)
  })

  it('joins more selects than it takes in a row, and a value that stands in all of them is one parameter', async () => {
    const storage = openD1(await server.database('joined'))
    const selects = Array.from({ length: 130 }, (_, nth) => sql`select ${sql.lit(nth)} as n where 'same' = ${'same'}`)
    const ask = (rows: RawBuilder<unknown>) =>
      sql<{ sum: number }>`select sum(n) as sum from (${rows}) as joined`.execute(storage.db)
    expect((await ask(unionAll(selects))).rows).toEqual([{ sum: 8385 }])
    await expect(ask(sql.join(selects.slice(0, 6), sql` union all `))).rejects.toThrow(/too many terms/)
  })

  it('takes a batch back as a whole when its last statement fails', async () => {
    const storage = openD1(await server.database('batch'))
    await migrate(storage)
    const insert = (id: string) => storage.db.insertInto('teams').values({ id, display_name: id, created_us: 1 }).compile()
    const [outcome] = await storage.commit([[insert('a'), insert('b'), insert('a')]])
    expect(outcome?.ok).toBe(false)
    expect(await storage.db.selectFrom('teams').select('id').execute()).toEqual([])
  })

  it('tells how many rows a guarded update, an insert of what is selected, and an ignored insert changed', async () => {
    const storage = openD1(await server.database('counts'))
    await sql`create table caps (id text primary key, spent integer, most integer)`.execute(storage.db)
    const [outcome] = await storage.commit([
      [
        sql`insert into caps values ('a', 0, 10)`.compile(storage.db),
        sql`update caps set spent = spent + 6 where id = 'a' and spent + 6 <= most`.compile(storage.db),
        sql`update caps set spent = spent + 6 where id = 'a' and spent + 6 <= most`.compile(storage.db),
        sql`insert into caps select 'b', spent, most from caps where spent = 6`.compile(storage.db),
        sql`insert into caps select 'c', spent, most from caps where spent = 7`.compile(storage.db),
        sql`insert into caps values ('a', 0, 0) on conflict do nothing`.compile(storage.db),
        sql`delete from caps`.compile(storage.db),
      ],
    ])
    expect(outcome).toEqual({ ok: true, affected: [1, 1, 0, 1, 0, 0, 2] })
  })

  it('has no transaction across statements, and says so', async () => {
    const storage = openD1(await server.database('transaction'))
    await expect(storage.db.transaction().execute(() => Promise.resolve())).rejects.toThrow(/commit a unit/)
  })
})
