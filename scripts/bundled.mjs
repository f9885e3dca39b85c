// A file of the source as a module, for programs that need what the package does not export.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** `path` is from the repository's root. */
export async function bundled(path) {
  const entry = fileURLToPath(new URL(`../${path}`, import.meta.url))
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'node', write: false })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`)
}
