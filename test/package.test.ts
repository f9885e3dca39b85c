// What would be published: every file that package.json names is built, pinned and complete.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import lock from '../package-lock.json' with { type: 'json' }
import manifest from '../package.json' with { type: 'json' }
import { root } from './support/import-graph.ts'
import { bunBinary } from './support/runtime.ts'

describe('the build', () => {
  it('makes every program and module that package.json names', () => {
    const modules = Object.values(manifest.exports).map((entry) => (typeof entry === 'string' ? entry : entry.default))
    for (const path of [...Object.values(manifest.bin), ...modules]) expect(existsSync(join(root, path)), path).toBe(true)
  })

  it.each([
    { name: 'metis-gateway/node', runtime: process.execPath },
    { name: 'metis-gateway/bun', runtime: bunBinary },
  ])('opens $name to whoever imports it there', ({ name, runtime }) => {
    // Both are one module, which takes what its runtime has: without a Bun on this machine, Node shows that it is there.
    const text = `const { startGateway, openNode } = await import('${name}'); console.log(typeof startGateway, typeof openNode)`
    expect(execFileSync(runtime ?? process.execPath, ['-e', text], { cwd: root, encoding: 'utf8' })).toBe('function function\n')
  })

  it('makes a Worker with a default export, small enough for every plan of Cloudflare', () => {
    const bundle = readFileSync(join(root, manifest.exports['./workers'].default))
    expect(bundle.toString('utf8')).toMatch(/export\{[\w$]+ as default\};?\s*$/)
    // 3 MB compressed on the free plan; and each new isolate has to parse it.
    expect(gzipSync(bundle).length).toBeLessThan(500_000)
  })

  it('makes a program that a shell can start', () => {
    const path = join(root, manifest.bin['metis-gateway'])
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(statSync(path).mode & 0o100).toBe(0o100)
  })

  it('keeps the price list out of what a start reads', () => {
    const program = readFileSync(join(root, manifest.bin['metis-gateway']), 'utf8')
    const read = new Set<string>()
    const visit = (text: string): void => {
      for (const [, name = ''] of text.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)) {
        if (read.has(name)) continue
        read.add(name)
        visit(readFileSync(join(root, 'dist', name), 'utf8'))
      }
    }
    visit(program)
    const bytes = [...read].reduce((sum, name) => sum + statSync(join(root, 'dist', name)).size, program.length)
    expect(bytes).toBeLessThan(150_000)
  })
})

describe('the dependencies', () => {
  it('are pinned to one version each', () => {
    const pinned = { ...manifest.devDependencies, ...manifest.optionalDependencies }
    expect(Object.entries(pinned).filter(([, version]) => !/^(?:npm:@?[\w/-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('bring nothing to an install but the SQLite driver, and that only where it can be had', () => {
    expect(manifest).not.toHaveProperty('dependencies')
    expect(Object.keys(manifest.optionalDependencies)).toEqual(['better-sqlite3'])
  })

  it('are all in the lock file, for every platform', () => {
    const entry = z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() })
    const packages = z.record(z.string(), entry).parse(lock.packages)
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !Object.hasOwn(packages, `node_modules/${name}`) && !Object.hasOwn(packages, `${path}/node_modules/${name}`),
      ),
    )
    expect(missing).toEqual([])
  })
})
