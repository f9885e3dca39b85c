// How soon each tab of the dashboard paints, and is filled with numbers, on a given database: in a real Chromium, each time in a
// context of its own, so that nothing is in a cache. Serve's sums must be there: run bench/analytics.mjs first.
//
//   npm run build && node scripts/generate-ledger.mjs FOLDER && node bench/first-paint.mjs FOLDER [--times 5] [--window 30d]
import process from 'node:process'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { openNode, startServe } from '../dist/node.js'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '5' }, window: { type: 'string', default: '30d' } },
})
const [folder] = positionals
if (folder === undefined) throw new Error('which folder is the database in?')

const tabs = ['cost', 'activity', 'identity', 'reliability', 'routing', 'keys']
const context = await openNode({ home: folder, env: {}, maintenance: false, logLevel: 'error' })
const serve = await startServe(context, { port: 0 })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'], // prettier-ignore
})

process.stdout.write(
  '| tab | first paint, median ms | slowest | filled, median ms | slowest |\n| --- | --: | --: | --: | --: |\n',
)
for (const tab of tabs) {
  const runs = []
  for (let run = 0; run < Number(flags.times); run++) runs.push(await measured(tab))
  const of = (name) => runs.map((run) => run[name]).toSorted((a, b) => a - b)
  const cells = ['paintMs', 'filledMs'].flatMap((name) => [of(name)[Math.floor(runs.length / 2)], of(name).at(-1)])
  process.stdout.write(`| ${tab} | ${cells.map(Math.round).join(' | ')} |\n`)
}
await browser.close()
await serve.close()
await context.close()

/** ms since the page was asked for. */
async function measured(tab) {
  const fresh = await browser.newContext({ viewport: { width: 1280, height: 860 } })
  const page = await fresh.newPage()
  await page.addInitScript(() => {
    const look = () => {
      const isFilled = document.querySelector('.tile') !== null && document.querySelector('.tile .skeleton') === null
      if (isFilled) globalThis.filledMs ??= performance.now()
    }
    new MutationObserver(look).observe(document, { childList: true, subtree: true })
  })
  await page.goto(`${serve.url}/dashboard/?tab=${tab}&window=${flags.window}`)
  await page.waitForFunction(() => globalThis.filledMs !== undefined, undefined, { timeout: 120_000 })
  const times = await page.evaluate(() => ({
    paintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    filledMs: globalThis.filledMs,
  }))
  await fresh.close()
  return times
}
