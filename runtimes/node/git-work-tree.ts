// Project and branch of a folder, read from git's own files: no process is started for it.
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

export interface WorkTree {
  readonly root: string
  /** The name of the repository's folder: the same in each of its work trees. */
  readonly project: string
  /** null = a commit is checked out, and no branch. */
  readonly branch: string | null
}

/** null = the folder is in no work tree. */
export function workTreeOf(folder: string): WorkTree | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const git = gitFolderOf(at)
    if (git !== null) return { root: at, project: basename(repositoryOf(at, git)), branch: branchIn(git) }
    if (dirname(at) === at) return null
  }
}

/** `.git` is a folder, or in linked work trees and submodules a file that names one. */
function gitFolderOf(root: string): string | null {
  const path = join(root, '.git')
  const kind = statSync(path, { throwIfNoEntry: false })
  if (kind?.isDirectory() === true) return path
  const named = kind?.isFile() === true ? /^gitdir: (.+)$/m.exec(textOf(path))?.[1] : undefined
  return named === undefined ? null : resolve(root, named.trim())
}

/** A linked work tree knows where the first one's `.git` is; a submodule has no such file, and is a project of its own. */
function repositoryOf(root: string, git: string): string {
  const common = textOf(join(git, 'commondir')).trim()
  if (common === '') return root
  const shared = resolve(git, common)
  return basename(shared) === '.git' ? dirname(shared) : shared.replace(/\.git$/, '')
}

function branchIn(git: string): string | null {
  return /^ref: refs\/heads\/(.+)$/m.exec(textOf(join(git, 'HEAD')))?.[1]?.trim() ?? null
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
