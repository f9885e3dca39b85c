// Bundles what the package ships into dist/: one program (cli.js), two doors for embedding (index.js, node.js), the
// maintenance worker, and the Worker for Cloudflare (workers.js). `--types` adds declarations. Everything but the externals is
// inside, so an install brings two packages.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildDashboard } from './build-dashboard.mjs'
import { writeMigrations } from './d1-migrations.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const entryPoints = {
  cli: 'runtimes/node/cli.ts',
  index: 'src/index.ts',
  node: 'runtimes/node/index.ts',
  'maintenance-thread': 'runtimes/node/maintenance-thread.ts',
}

/** Of undici we use its Agent: loading the rest (fetch, WebSocket, mocks) would be a fifth of a start. */
const agentOfUndici = {
  name: 'agent-of-undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'agent', namespace: 'undici-agent' }))
    onLoad({ filter: /.*/, namespace: 'undici-agent' }, () => ({
      contents: `export { default as Agent } from 'undici/lib/dispatcher/agent.js'`,
      resolveDir: root,
    }))
  },
}

await rm(`${root}dist`, { recursive: true, force: true })

// First: serve's module of it goes into the bundles.
const dashboardInputs = await buildDashboard()

const { metafile } = await build({
  absWorkingDir: root,
  // A tree under construction may lack one of them; a release cannot: package.json's `exports` name them.
  entryPoints: Object.fromEntries(Object.entries(entryPoints).filter(([, path]) => existsSync(root + path))),
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // What is imported lazily (the price catalog, a command) becomes a file of its own and is read only when it is needed.
  splitting: true,
  // Beside the entries, not below them: code finds its siblings (the maintenance worker) from wherever it was put.
  chunkNames: '[name]-[hash]',
  external: ['better-sqlite3', 'pg'],
  plugins: [agentOfUndici],
  // CommonJS inside the bundle asks for `require`, which a module does not have.
  banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
})

// Claude Code starts this one after each message: one file without the commands, and CommonJS, which Node loads some ms sooner.
await build({
  absWorkingDir: root,
  entryPoints: { statusline: 'runtimes/node/status-line/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['better-sqlite3'],
  // `import()` would bring Node's loader of modules in: a third of what this adds to Node's own start.
  supported: { 'dynamic-import': false },
  minify: true,
  logLevel: 'warning',
})

// And before that one: a shell starts sooner than Node.
await copyFile(`${root}runtimes/node/status-line/statusline.sh`, `${root}dist/statusline.sh`)
await chmod(`${root}dist/statusline.sh`, 0o755)

const worker = await build({
  absWorkingDir: root,
  entryPoints: { workers: 'runtimes/workers/worker.ts' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  conditions: ['workerd', 'worker'],
  target: 'es2023',
  external: ['cloudflare:workers'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
})

await writeMigrations(root, `${root}dist/migrations`)

if (process.argv.includes('--types')) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}scripts/tsconfig.types.json`], {
    stdio: 'inherit',
  })
}

const inputs = [...Object.keys(metafile.inputs), ...Object.keys(worker.metafile.inputs), ...dashboardInputs]
await writeFile(`${root}dist/THIRD_PARTY_LICENSES.txt`, await licencesOf(inputs))

const outputs = [...Object.values(metafile.outputs), ...Object.values(worker.metafile.outputs)]
const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0)
process.stdout.write(`dist: ${outputs.length} files, ${Math.round(bytes / 1024)} kB\n`)

/** What is bundled keeps its licence: the text of each package that went in. */
async function licencesOf(inputs) {
  const packages = new Set(inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []))
  const texts = await Promise.all(
    [...packages].sort().map(async (name) => {
      const folder = `${root}node_modules/${name}`
      const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
      const text = file === undefined ? '' : await readFile(`${folder}/${file}`, 'utf8')
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    }),
  )
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}
