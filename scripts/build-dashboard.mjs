// Builds the dashboard and writes it as one module, src/dashboard/assets.gen.ts: path → type, entity tag, text. Every runtime
// serves it from that table; there is no file to find at run time. `--if-missing` leaves one that is there alone.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { extname, relative } from 'node:path'
import { pathToFileURL, fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = `${root}src/dashboard/assets.gen.ts`

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The files that went into it, relative to the repository; none when it was there and left alone. */
export async function buildDashboard({ ifMissing = false } = {}) {
  if (ifMissing && existsSync(target)) return []
  // Loaded here: who finds the module there needs no builder.
  const { build } = await import('vite')
  const { output } = await build({ configFile: `${root}src/dashboard/vite.config.ts`, build: { write: false } })
  const rows = output.map(rowOf).sort(([a], [b]) => (a < b ? -1 : 1))
  await writeFile(target, moduleOf(rows))
  return output.flatMap((file) => file.moduleIds ?? []).map((path) => relative(root, path))
}

function rowOf(file) {
  const text = String(file.type === 'chunk' ? file.code : file.source)
  const type = types[extname(file.fileName)]
  if (type === undefined) throw new Error(`no content type for ${file.fileName}`)
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  // What has its hash in its name never changes.
  return [`/dashboard/${file.fileName}`, { type, etag, immutable: file.fileName.startsWith('assets/'), body: text }]
}

function moduleOf(rows) {
  const lines = rows.map(([path, file]) => `  [${JSON.stringify(path)}, ${JSON.stringify(file)}],`)
  return `// Made by scripts/build-dashboard.mjs from src/dashboard; not for editing.

export interface Asset {
  readonly type: string
  readonly etag: string
  /** Its name has its hash in it. */
  readonly immutable: boolean
  readonly body: string
}

export const assets: ReadonlyMap<string, Asset> = new Map<string, Asset>([
${lines.join('\n')}
])
`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await buildDashboard({ ifMissing: process.argv.includes('--if-missing') })
