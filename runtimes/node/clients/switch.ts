// `on` and `off` of one client: what its settings file was is kept before it is changed, so that `off` puts back every byte, also
// when something broke off in between. What somebody else has changed since stays theirs.
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, realpathSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { CommandError } from '../commands/faults.ts'
import { makeFolder } from '../make-folder.ts'
import { writeWhole } from '../write-whole.ts'
import type { ClientSettings, PointedAt } from './client-settings.ts'

const note = z.object({
  path: z.string(),
  /** Of the file before `on`, base64; null = there was none. */
  original: z.string().nullable(),
  mode: z.int(),
  /** SHA-256 of what `on` wrote. */
  written: z.string(),
  made_folder: z.boolean(),
  /** The key that was issued for it; null = a token was given. */
  key_id: z.string().nullable(),
  /** The command of the status line that was written; absent = none was. */
  status_line: z.string().optional(),
})
export type SwitchNote = z.infer<typeof note>

export interface SwitchPlace {
  readonly settings: ClientSettings
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where notes are kept: METIS_HOME. */
  readonly home: string
}

export type SwitchedOff =
  | { readonly outcome: 'was-off' }
  /** Every byte is as it was before `on`. */
  | { readonly outcome: 'restored'; readonly path: string; readonly keyId: string | null }
  /** Somebody changed the file since: only our part was taken out. `copy`: as it was found. */
  | { readonly outcome: 'changed'; readonly path: string; readonly keyId: string | null; readonly copy: string }
  /** Somebody removed the file since. `copy`: as it was before `on`; null = there was none then. */
  | { readonly outcome: 'removed'; readonly path: string; readonly keyId: string | null; readonly copy: string | null }

export function settingsPathOf({ settings, env }: SwitchPlace): string {
  const path = join(settings.folder(env), settings.fileName)
  // A link into somebody's dotfiles stays one.
  return existsSync(path) ? realpathSync(path) : path
}

/** @throws CommandError when the file cannot be read, before anything is changed */
export function checkSettings(place: SwitchPlace): void {
  const path = settingsPathOf(place)
  pointedText(place.settings, path, bytesAt(path), { url: 'http://127.0.0.1', token: 'gw_' })
}

export interface SwitchedOn {
  readonly path: string
  /** What of their own somebody has there that was left; null = nothing. */
  readonly leftAlone: string | null
}

/** Only while it is off. */
export function switchOn(place: SwitchPlace, access: PointedAt, keyId: string | null): SwitchedOn {
  const path = settingsPathOf(place)
  const original = bytesAt(path)
  const bytes = Buffer.from(pointedText(place.settings, path, original, access))
  const leftAlone = place.settings.leftAlone?.(textOf(original)) ?? null
  const folder = dirname(path)
  const madeFolder = !existsSync(folder)
  const kept: SwitchNote = {
    path,
    original: original === null ? null : original.toString('base64'),
    mode: original === null ? 0o600 : statSync(path).mode & 0o777,
    written: hashOf(bytes),
    made_folder: madeFolder,
    key_id: keyId,
    ...(access.statusLine === undefined || leftAlone !== null ? {} : { status_line: access.statusLine }),
  }
  makeFolder(join(place.home, 'clients'))
  writeWhole(notePath(place), Buffer.from(JSON.stringify(kept)))
  makeFolder(folder)
  // It holds a token now.
  writeWhole(path, bytes)
  return { path, leftAlone }
}

/**
 * Its note stays until `forgetSwitch`: who is stopped before the key is revoked runs `off` again.
 * @throws CommandError when our part cannot be taken out of what the file has become; then nothing is changed
 */
export function switchOff(place: SwitchPlace): SwitchedOff {
  const kept = readNote(place)
  if (kept === null) return { outcome: 'was-off' }
  const { path, key_id: keyId } = kept
  const original = kept.original === null ? null : Buffer.from(kept.original, 'base64')
  const current = bytesAt(path)
  if (isSame(current, original)) return { outcome: 'restored', path, keyId }
  if (current === null) {
    const copy = original === null ? null : copied(place, 'before', original)
    return { outcome: 'removed', path, keyId, copy }
  }
  if (hashOf(current) === kept.written) {
    putBack(kept, original)
    return { outcome: 'restored', path, keyId }
  }
  const rest = restOf(place.settings, kept, current, original)
  const restBytes = rest === null ? null : Buffer.from(rest)
  // Only the client's own order or blanks had changed.
  if (isSame(restBytes, original)) {
    putBack(kept, original)
    return { outcome: 'restored', path, keyId }
  }
  const copy = copied(place, 'changed', current)
  putBack(kept, restBytes)
  return { outcome: 'changed', path, keyId, copy }
}

export function forgetSwitch(place: SwitchPlace): void {
  rmSync(notePath(place), { force: true })
}

function putBack(kept: SwitchNote, bytes: Uint8Array | null): void {
  if (bytes !== null) {
    writeWhole(kept.path, bytes, kept.mode)
    chmodSync(kept.path, kept.mode)
    return
  }
  rmSync(kept.path, { force: true })
  if (!kept.made_folder) return
  try {
    rmdirSync(dirname(kept.path))
  } catch {
    // The client has put something into it.
  }
}

function pointedText(settings: ClientSettings, path: string, bytes: Buffer | null, access: PointedAt): string {
  try {
    return settings.pointed(textOf(bytes), access)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(`${path} was left as it is: ${error.message}; metis-gateway env ${settings.client} prints what to set`)
  }
}

function restOf(settings: ClientSettings, kept: SwitchNote, current: Buffer, original: Buffer | null): string | null {
  const { path, status_line: statusLine = null } = kept
  try {
    return settings.withoutGateway(textOf(current) ?? '', textOf(original), statusLine)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(
      `${path} was changed since and is left as it is: ${error.message}; take out what names the gateway, then run off again`,
    )
  }
}

const notePath = ({ settings, home }: SwitchPlace): string => join(home, 'clients', `${settings.client}.json`)

function readNote(place: SwitchPlace): SwitchNote | null {
  const bytes = bytesAt(notePath(place))
  if (bytes === null) return null
  try {
    return note.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    throw new CommandError(`${notePath(place)} cannot be read: it holds what the settings were; mend it or remove it`)
  }
}

/** A copy is never written over: the next one gets the next number. */
function copied({ settings, home }: SwitchPlace, what: string, bytes: Uint8Array): string {
  for (let number = 1; ; number += 1) {
    const path = join(home, 'clients', `${settings.client}.${what}-${number}`)
    if (existsSync(path)) continue
    writeWhole(path, bytes)
    return path
  }
}

function bytesAt(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** @throws CommandError for bytes that would not come back as they were */
function textOf(bytes: Buffer | null): string | null {
  const text = bytes?.toString('utf8') ?? null
  if (text === null || isSame(Buffer.from(text), bytes)) return text
  throw new CommandError('it is not UTF-8')
}

const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : Buffer.compare(a, b) === 0
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
