// Takes the pictures of docs/images from the demo's own data: every tab, light and dark. Needs a built program and a Chromium.
//   node scripts/screenshots.mjs [FOLDER] [png]
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2] ?? `${root}docs/images`
/** WebP for the documents: a quarter of a PNG's weight, and the text still sharp. */
const formats = process.argv[3] === 'png' ? ['webp', 'png'] : ['webp']
const mostBytes = 100_000
/** The last tile that is in the picture: the page is too long for one. */
const until = { activity: '#recent-turns' }
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
      for (const format of formats)
        await writeFile(
          `${folder}/dashboard-${name}-${colorScheme}.${format}`,
          await picture(page, format, until[name] ?? '.tile'),
        )
    }
    await context.close()
  }
} finally {
  await browser.close()
  demo.kill('SIGTERM')
}

/** Playwright takes no WebP; Chromium does. The whole page, as tall as it is, and light enough for a document. */
async function picture(page, format, last) {
  if (format === 'png') return capture(page, last, { format })
  for (const quality of [85, 70, 55, 40]) {
    const bytes = await capture(page, last, { format, quality })
    if (bytes.length <= mostBytes || quality === 40) return bytes
  }
}

async function capture(page, last, options) {
  const session = await page.context().newCDPSession(page)
  const { cssContentSize: size } = await session.send('Page.getLayoutMetrics')
  const tile = await page.locator(last).last().boundingBox()
  const clip = { x: 0, y: 0, width: size.width, height: tile.y + tile.height + 14, scale: 1 }
  const { data } = await session.send('Page.captureScreenshot', { ...options, captureBeyondViewport: true, clip })
  await session.detach()
  return Buffer.from(data, 'base64')
}
