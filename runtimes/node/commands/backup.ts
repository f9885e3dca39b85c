// `backup` and `restore`: the whole database as one file, taken while gateways write, and put back when none does.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathsOf } from '../paths.ts'
import { defineCommand } from './command.ts'
import { CommandError, lineOf, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, toggle } from './flags.ts'
import { withNode } from './open.ts'

export const backup = defineCommand({
  name: 'backup',
  summary: 'write the whole database into a file, while gateways go on',
  args: 'FILE',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway backup /srv/backup/metis-2026-11-23.db'],
  async run({ flags, args: [name], io }) {
    if (name === undefined) throw new UsageError('backup needs the FILE to write')
    const file = resolve(io.cwd, name)
    if (existsSync(file)) throw new CommandError(`${file} is there already: give a new name, or remove it`)
    return withNode(io, flags, { mustExist: true }, async ({ storage, dbPath }) => {
      if (storage.copyTo === undefined)
        throw new CommandError(`${dbPath} is a Postgres, which has its own way: pg_dump --format custom --file ${file}`)
      await storage.copyTo(file).catch((error: unknown) => {
        throw new CommandError(`${file} cannot be written (${lineOf(error)}): give a folder that is there and has room`, error)
      })
      io.out(flags.json ? JSON.stringify({ file, database: dbPath }) : `${dbPath} is in ${file}`)
      return 0
    })
  },
})

export const restore = defineCommand({
  name: 'restore',
  summary: 'put a backup in the place of the database, and the old one beside it',
  args: 'FILE',
  flags: {
    force: toggle('put the database that is there aside'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway restore /srv/backup/metis-2026-11-23.db --force'],
  async run({ flags, args: [name], io }) {
    if (name === undefined) throw new UsageError('restore needs the FILE of a backup')
    const { database } = pathsOf(flags, io.env)
    if (database.kind !== 'sqlite')
      throw new CommandError(`${database.shown} is a Postgres, which has its own way: pg_restore --clean`)
    const { restoreSqlite } = await import('../sqlite-restore.ts')
    const { path } = database
    const restored = await restoreSqlite(resolve(io.cwd, name), path, { force: flags.force, nowMs: Date.now() })
    if (flags.json) io.out(JSON.stringify({ database: path, ...restored }))
    else {
      io.out(`${path} has the ${restored.events} events of the backup`)
      if (restored.aside !== null) io.out(`the old one is ${restored.aside}`)
    }
    return 0
  },
})
