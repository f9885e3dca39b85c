// Sessions of the agent surface and their messages (columns: ../schema.ts). What was said is here and nowhere else.
import { sql, type Kysely, type Migration } from 'kysely'

export const sessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sessions')
      .addColumn('id', 'text', (c) => c.primaryKey().notNull())
      .addColumn('created_us', 'bigint', (c) => c.notNull())
      .addColumn('updated_us', 'bigint', (c) => c.notNull())
      .addColumn('title', 'text')
      .addColumn('workspace', 'text')
      .addColumn('active_model', 'text')
      .addColumn('system_text', 'text')
      .addColumn('user_id', 'text')
      .addColumn('team_id', 'text')
      .addColumn('client', 'text', (c) => c.notNull())
      .addColumn('tags_json', 'text', (c) => c.notNull())
      .addColumn('running_turn_id', 'text')
      .addColumn('running_instance_id', 'text')
      .addColumn('deleted_us', 'bigint')
      .execute()
    await db.schema
      .createTable('session_messages')
      .addColumn('session_id', 'text', (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('turn_id', 'text', (c) => c.notNull())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('content', 'text', (c) => c.notNull())
      .addColumn('created_us', 'bigint', (c) => c.notNull())
      .addColumn('model', 'text')
      .addColumn('status', 'text')
      .addColumn('stop_reason', 'text')
      .addColumn('input_tokens', 'bigint')
      .addColumn('output_tokens', 'bigint')
      .addColumn('cost_nano_usd', 'bigint')
      .addColumn('latency_ms', 'double precision')
      .addPrimaryKeyConstraint('session_messages_key', ['session_id', 'position'])
      .execute()
    // One question and one answer a turn: a unit that is sent twice says nothing twice.
    await db.schema.createIndex('session_messages_turn').on('session_messages').columns(['turn_id', 'role']).unique().execute()
    // Only sessions of our own are asked for their events; all other rows of the ledger pay nothing for it.
    await sql`create index events_agent_session on events (session_id) where substr(session_id, 1, 4) = 'ses_'`.execute(db)
  },
}
