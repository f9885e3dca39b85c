// A key of one's own for `run`: issued here the first time and kept beside the database, for its owner alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { stateOf } from '../../../src/store/key-json.ts'
import { parseToken } from '../../../src/lib/token.ts'
import type { NodeContext } from '../context.ts'
import { writeWhole } from '../write-whole.ts'
import { CommandError } from './faults.ts'
import type { Io } from './io.ts'
import { authorOf } from './keys.ts'
import { withNode, type OpenFlags } from './open.ts'

export interface OwnKey {
  readonly name: string
  readonly workspace: string
  readonly userId: string | null
  readonly teamId: string | null
}

const kept = z.record(z.string(), z.object({ token: z.string() }))

/** The token of a key that was issued here for the same before and still works; else of a new one, kept beside the database. */
export function ownToken(io: Io, flags: OpenFlags, key: OwnKey): Promise<string> {
  return withNode(io, flags, {}, async (context) => {
    const path = join(context.home, 'run-keys.json')
    const tokens = readKept(path)
    const place = [key.workspace, key.userId ?? '', key.teamId ?? ''].join(' ')
    const known = tokens[place]?.token
    if (known !== undefined && (await works(context, known))) return known
    const { token } = await context.keys.issue(key, authorOf(io))
    writeWhole(path, Buffer.from(JSON.stringify({ ...tokens, [place]: { token } })))
    return token
  })
}

async function works({ keys }: NodeContext, token: string): Promise<boolean> {
  const keyId = parseToken(token)?.keyId
  const key = (await keys.list()).find((one) => one.id === keyId)
  return key !== undefined && stateOf(key, Date.now() * 1000) === 'active'
}

function readKept(path: string): z.infer<typeof kept> {
  try {
    return kept.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new CommandError(`${path} cannot be read: remove it, and keys are issued anew`)
  }
}
