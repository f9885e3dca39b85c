// Postgres tells whoever listens that keys or identities have changed, whoever changed them, psql too. Other databases have
// ways of their own to tell (SQLite's data_version), or are asked every time.
import { PostgresAdapter, sql } from 'kysely'
import type { Kysely, Migration } from 'kysely'

export const identityNotices: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return
    // That a key was used is no change of the key.
    await sql`
create function metis_identity_changed() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' or to_jsonb(new) - 'last_used_us' is distinct from to_jsonb(old) - 'last_used_us' then
    perform pg_notify('metis_identities', '');
  end if;
  return null;
end $$`.execute(db)
    for (const table of ['gateway_keys', 'users', 'teams'])
      await sql`create trigger ${sql.id(`${table}_notice`)} after insert or update or delete on ${sql.table(table)}
for each row execute function metis_identity_changed()`.execute(db)
  },
}
