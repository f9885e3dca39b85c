// The walls of the house (house.md §2 and §6): the one law of imports, a core without a runtime, files that can be read.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { circles, importsOf, root, sourceFiles, type Import } from './support/import-graph.ts'

const order = [
  'lib',
  'ir',
  'config',
  'catalog',
  'protocols',
  'store',
  'providers',
  'routing',
  'engine',
  'analytics',
  'gateway',
  'serve',
  'runtimes',
]

/** What the core may take from npm: nothing that knows a runtime. */
const corePackages = ['zod', 'kysely', 'hono', 'jose', 'ulidx', '@noble/hashes', '@pydantic/genai-prices']

/** The dashboard runs in a browser and has a small build of its own: these, and nothing of the core's. */
const dashboardPackages = ['preact', '@preact/signals', 'd3-array', 'd3-scale', 'd3-shape', 'd3-time-format']
const dashboardBuild = 'src/dashboard/vite.config.ts'

const core = sourceFiles('src')
const runtimes = sourceFiles('runtimes')
const files = [...core, ...runtimes]
/** package.json, read for its version, belongs to no room. */
const imports = files.flatMap((file) => file.imports).filter(({ to }) => to !== 'package.json')

/** `src/engine/turn.ts` → engine, `src/services.ts` → services, `runtimes/node/cli.ts` → runtimes. */
function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'runtimes' ? 'runtimes' : second.replace(/\.ts$/, '')
}

function breaksTheLaw({ from, to, typeOnly }: Import): boolean {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)]
  if (fromRoom === toRoom) return false
  // The package's exports: they show everything to the outside, and nothing inside uses them.
  if (from === 'src/index.ts') return false
  if (to === 'src/index.ts') return fromRoom !== 'runtimes'
  // What the core asks of the world: only types in it, usable from the store on. lib/streams.ts is the one tool that a
  // runtime hands in as a service, so it takes the services' types.
  if (from === 'src/services.ts') return !typeOnly
  if (to === 'src/services.ts') return order.indexOf(fromRoom) < order.indexOf('store') && !(fromRoom === 'lib' && typeOnly)
  if (fromRoom === 'dashboard') return !(toRoom === 'analytics' && typeOnly)
  if (toRoom === 'dashboard') return from !== 'src/serve/dashboard.ts' || !to.endsWith('assets.gen.ts')
  return order.indexOf(fromRoom) < 0 || order.indexOf(toRoom) < 0 || order.indexOf(fromRoom) < order.indexOf(toRoom)
}

const print = ({ from, to }: Import): string => `${from} → ${to}`

describe('the one law of imports', () => {
  it('reads every form of import that our style has', () => {
    const text = [
      "import * as z from 'zod'",
      "import type { A } from '../ir/a.ts'",
      "import {\n  type B,\n  type C,\n} from './b.ts'",
      "import { d, type E } from './d.ts'",
      "export const x = 'from'",
      "export { f } from './f.ts'",
      "import './side-effect.ts'",
      "const g = await import('./g.ts')",
    ].join('\n')
    expect(importsOf('src/engine/x.ts', text).map(({ to, typeOnly, dynamic }) => [to, typeOnly, dynamic])).toEqual([
      ['zod', false, false],
      ['src/ir/a.ts', true, false],
      ['src/engine/b.ts', true, false],
      ['src/engine/d.ts', false, false],
      ['src/engine/f.ts', false, false],
      ['src/engine/side-effect.ts', false, false],
      ['src/engine/g.ts', false, true],
    ])
  })

  it('lets a folder import only folders to its left', () => {
    expect(imports.filter((i) => i.ours && breaksTheLaw(i)).map(print)).toEqual([])
  })

  it('has no circles, types included', () => {
    expect(circles(files).map((path) => path.join(' → '))).toEqual([])
  })

  it('knows a breach when it sees one', () => {
    const at = (from: string, to: string, typeOnly = false): boolean =>
      breaksTheLaw({ from, to, typeOnly, ours: true, dynamic: false })
    expect(at('src/lib/a.ts', 'src/ir/b.ts', true)).toBe(true)
    expect(at('src/engine/a.ts', 'src/gateway/b.ts')).toBe(true)
    expect(at('src/protocols/a.ts', 'src/services.ts', true)).toBe(true)
    expect(at('src/serve/a.ts', 'runtimes/node/b.ts')).toBe(true)
    expect(at('src/dashboard/a.ts', 'src/analytics/b.ts')).toBe(true)
    expect(at('src/dashboard/a.ts', 'src/lib/b.ts', true)).toBe(true)
    expect(at('src/serve/a.ts', 'src/dashboard/main.tsx')).toBe(true)
    expect(at('src/dashboard/a.ts', 'src/analytics/b.ts', true)).toBe(false)
    expect(at('src/gateway/a.ts', 'src/engine/b.ts')).toBe(false)
  })
})

describe('the core', () => {
  it('takes nothing of a runtime and only the packages it agreed on', () => {
    const foreign = core.flatMap((file) => file.imports).filter((i) => !i.ours)
    const refused = foreign.filter(({ from, to }) => {
      if (from === dashboardBuild) return false
      const allowed = roomOf(from) === 'dashboard' ? dashboardPackages : corePackages
      return !allowed.some((name) => to === name || to.startsWith(`${name}/`))
    })
    expect(refused.map(print)).toEqual([])
  })

  it('never asks which runtime it runs on', () => {
    const asking = core.filter((file) =>
      /\b(?:process\.(?:versions|release|env)|globalThis\.(?:Bun|Deno|process|fetch)|navigator\.userAgent)\b/.test(file.text),
    )
    expect(asking.map((file) => file.path)).toEqual([])
  })
})

describe('the style', () => {
  it('keeps every file under 300 lines', () => {
    const long = files
      .map((file) => `${file.path}: ${file.text.split('\n').length - 1}`)
      .filter((line) => Number(line.split(': ')[1]) > 300)
    expect(long).toEqual([])
  })

  it('opens every file with a comment that says its place', () => {
    const bare = files.filter((file) => !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(file.text))
    expect(bare.map((file) => file.path)).toEqual([])
  })

  it('uses no any, no non-null assertion, no suppressed type error, no default export', () => {
    const rules = [
      'typescript/no-explicit-any',
      'typescript/no-non-null-assertion',
      'typescript/ban-ts-comment',
      'import/no-default-export',
    ]
    const linter = join(root, 'node_modules/oxlint/bin/oxlint')
    const flags = ['--import-plugin', '-A', 'all', ...rules.flatMap((rule) => ['-D', rule]), '-f', 'unix']
    const report = execFileSync(
      process.execPath,
      [linter, ...flags, 'src', 'runtimes', '--ignore-pattern', 'runtimes/workers/worker.ts'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    expect(report).not.toMatch(/^\S+:\d+:\d+:/m)
  })
})
