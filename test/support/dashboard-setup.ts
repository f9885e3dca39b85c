// Serve imports the dashboard as it was built: where nobody has built it yet, it is built before the first test.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/build-dashboard.mjs', import.meta.url))
  execFileSync(process.execPath, [script, '--if-missing'], { stdio: 'inherit' })
}
