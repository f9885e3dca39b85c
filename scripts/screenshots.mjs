// Takes the pictures of docs/images from the demo's own data: every tab, light and dark. Needs a built program and a Chromium.
//   node scripts/screenshots.mjs [FOLDER]
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2] ?? `${root}docs/images`
const pages = {
  cost: '?window=30d',
  activity: '?tab=activity&window=7d',
  identity: '?tab=identity&window=30d&open_per-team-table=eng',
  reliability: '?tab=reliability&window=30d',
  routing: '?tab=routing&window=30d',
  keys: '?tab=keys',
}

await mkdir(folder, { recursive: true })
const demo = spawn(process.execPath, [`${root}dist/cli.js`, 'demo', '--port', '0', '--serve-port', '0', '--json'], {
  // The demo's own key is for this folder, and the pictures show it.
  cwd: '/',
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [line] = await once(createInterface({ input: demo.stdout }), 'line')
const { serve } = JSON.parse(line)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'], // prettier-ignore
})
try {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 860 } })
    const page = await context.newPage()
    page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
    page.on('pageerror', (error) => console.error(error))
    for (const [name, query] of Object.entries(pages)) {
      await page.goto(`${serve}/dashboard/${query}`)
      await page.waitForLoadState('networkidle')
      await page.screenshot({ path: `${folder}/dashboard-${name}-${colorScheme}.png`, fullPage: true })
    }
    await context.close()
  }
} finally {
  await browser.close()
  demo.kill('SIGTERM')
}
