// axe-core on a page as it stands: every rule it has, best practices included.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import * as z from 'zod'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const violations = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })) }),
)

/** One line each: the rule, the element, what is wrong. Needs a context that bypasses the Content-Security-Policy. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(source)
  const found = violations.parse(await page.evaluate('axe.run().then((results) => results.violations)'))
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  )
}
