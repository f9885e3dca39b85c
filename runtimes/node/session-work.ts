// What a Claude Code session is working on, from its own log on this machine: the directory and the branch of its last line, and
// nothing else of it. Asked for by every call of a session, answered from memory.
import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { SessionWork, WorkOf } from '../../src/services.ts'
import { workTreeOf } from './git-work-tree.ts'

/** Nothing else becomes part of a path. */
const sessionId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** A branch is changed in the middle of a session; a log may come later than the first call. */
const freshMs = 5000
const knownSessions = 2000
/** Lines hold whole files at times: the last of this many bytes are looked at. */
const tailBytes = 256 * 1024

interface Known {
  work: SessionWork | null
  readMs: number
  reading: Promise<SessionWork | null> | null
  /** Once it was found. */
  path: string | null
}

/** @param folders those that hold one folder a project, each with one log a session */
export function createSessionWork(folders: readonly string[], nowMs: () => number): WorkOf {
  const known = new Map<string, Known>()

  const read = (id: string, entry: Known): Promise<SessionWork | null> => {
    entry.reading ??= lookUp(id, entry).then(
      (work) => settled(entry, work ?? entry.work),
      () => settled(entry, entry.work),
    )
    return entry.reading
  }

  const settled = (entry: Known, work: SessionWork | null): SessionWork | null => {
    entry.work = work
    entry.readMs = nowMs()
    entry.reading = null
    return work
  }

  async function lookUp(id: string, entry: Known): Promise<SessionWork | null> {
    entry.path ??= await findLog(folders, `${id}.jsonl`)
    return entry.path === null ? null : workIn(await tailOf(entry.path))
  }

  return (id) => {
    if (!sessionId.test(id)) return null
    let entry = known.get(id)
    if (entry === undefined) {
      if (known.size >= knownSessions) known.clear()
      entry = { work: null, readMs: Number.NEGATIVE_INFINITY, reading: null, path: null }
      known.set(id, entry)
    }
    if (nowMs() - entry.readMs < freshMs) return entry.work
    const reading = read(id, entry)
    // What was known is not waited for again.
    return entry.work ?? reading
  }
}

async function findLog(folders: readonly string[], name: string): Promise<string | null> {
  for (const folder of folders) {
    const projects = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const project of projects) {
      if (!project.isDirectory()) continue
      const path = join(folder, project.name, name)
      const file = await open(path, 'r').catch(() => null)
      if (file === null) continue
      await file.close()
      return path
    }
  }
  return null
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, tailBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The last line that says where it was written. */
function workIn(tail: string): SessionWork | null {
  for (const line of tail.split('\n').toReversed()) {
    if (!line.includes('"cwd"')) continue
    const { cwd, gitBranch } = fieldsOf(line)
    if (typeof cwd !== 'string' || cwd === '') continue
    const project = workTreeOf(cwd)?.project ?? basename(cwd.replaceAll('\\', '/'))
    // `HEAD`: a commit is checked out, and no branch.
    const branch = typeof gitBranch === 'string' && gitBranch !== '' && gitBranch !== 'HEAD' ? gitBranch : null
    return { project: project.slice(0, textLimit), branch: branch?.slice(0, textLimit) ?? null }
  }
  return null
}

/** Of a header of the same meaning. */
const textLimit = 200

function fieldsOf(line: string): { readonly cwd?: unknown; readonly gitBranch?: unknown } {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // The first line of the tail is cut, and the last one may be being written.
    return {}
  }
}
