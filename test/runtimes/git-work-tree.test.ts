// Project and branch from git's own files, as git itself writes them.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { workTreeOf } from '../../runtimes/node/git-work-tree.ts'

const hasGit = (() => {
  try {
    return execFileSync('git', ['--version']).length > 0
  } catch {
    return false
  }
})()

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'metis-git-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const git = (...argv: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...argv], { cwd: join(folder, 'shop'), stdio: 'pipe' })

describe.skipIf(!hasGit)(`a repository that git made${hasGit ? '' : ' (git is not installed)'}`, () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'shop/src/deep'), { recursive: true })
    git('init', '--quiet', '-b', 'main')
    git('commit', '--quiet', '--allow-empty', '-m', 'first')
  })

  it('is named by its folder, from any folder in it', () => {
    const wanted = { root: join(folder, 'shop'), project: 'shop', branch: 'main' }
    expect(workTreeOf(join(folder, 'shop'))).toEqual(wanted)
    expect(workTreeOf(join(folder, 'shop/src/deep'))).toEqual(wanted)
  })

  it('is the same project in a linked work tree, on another branch', () => {
    git('worktree', 'add', '--quiet', '-b', 'fix/one', '../fixing')
    expect(workTreeOf(join(folder, 'fixing'))).toEqual({ root: join(folder, 'fixing'), project: 'shop', branch: 'fix/one' })
  })

  it('has no branch while a commit is checked out', () => {
    git('checkout', '--quiet', '--detach')
    expect(workTreeOf(join(folder, 'shop'))).toMatchObject({ project: 'shop', branch: null })
  })
})

it('takes a submodule for a project of its own', () => {
  mkdirSync(join(folder, 'shop/.git/modules/lib'), { recursive: true })
  mkdirSync(join(folder, 'shop/lib'))
  writeFileSync(join(folder, 'shop/.git/modules/lib/HEAD'), 'ref: refs/heads/next\n')
  writeFileSync(join(folder, 'shop/lib/.git'), 'gitdir: ../.git/modules/lib\n')
  expect(workTreeOf(join(folder, 'shop/lib'))).toEqual({ root: join(folder, 'shop/lib'), project: 'lib', branch: 'next' })
})

it('is nothing outside of git', () => expect(workTreeOf(folder)).toBeNull())
