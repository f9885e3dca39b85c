// Writes docs/metering.md from the recorded streams of test/fixtures; test/engine/metering.test.ts holds it to them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url)
const folder = await mkdtemp(fileURLToPath(new URL('node_modules/.metering-', root)))
try {
  const outfile = `${folder}/table.mjs`
  await build({
    entryPoints: [fileURLToPath(new URL('test/engine/metering-table.ts', root))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  })
  const { readRows, documentOf } = await import(pathToFileURL(outfile).href)
  const rows = await readRows(new URL('test/fixtures/', root))
  await writeFile(new URL('docs/metering.md', root), documentOf(rows))
  console.log(`docs/metering.md: ${rows.length} lines`)
} finally {
  await rm(folder, { recursive: true })
}
