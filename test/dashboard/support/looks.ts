// A page as people have it before them: light and dark, on a desk and on a telephone.
import type { Page } from 'playwright-core'
import { violationsOf } from './axe.ts'

const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [1280, 380].map((width) => ({ colorScheme, width })))

/** What is wrong in any of them: what axe finds, a page wider than its screen. The page needs what `looking` gives it. */
export async function faultsInEveryLook(page: Page): Promise<readonly string[]> {
  const faults: string[] = []
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
    const found = [...(await violationsOf(page)), ...(wide > width ? [`the page is ${wide} px wide`] : [])]
    faults.push(...found.map((fault) => `${colorScheme}, ${width} px: ${fault}`))
  }
  return faults
}

/** axe is a script of its own, and must not see a colour half way to another. */
export const looking = { bypassCSP: true, reducedMotion: 'reduce' } as const
