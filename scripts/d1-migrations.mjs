// Writes the store's migrations as SQL files, for `wrangler d1 migrations apply`: one source for both ways.
import { mkdir, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

const source = `export { migrationFile } from './src/store/migration-units.ts'
export { migrations } from './src/store/migrations/index.ts'`

export async function writeMigrations(root, folder) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  const { migrationFile, migrations } = await import(`data:text/javascript;base64,${code}`)
  await mkdir(folder, { recursive: true })
  for (const name of Object.keys(migrations)) await writeFile(`${folder}/${name}.sql`, await migrationFile(name))
}
