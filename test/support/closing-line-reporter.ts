// The last line of a test run, alone and always of the same form: `N passed, N failed` (`, N skipped` when there are any).
import process from 'node:process'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const line = closingLine(countsOf(modules, unhandledErrors.length))
    // Other reporters still write after this call: at exit nobody does.
    process.once('exit', () => process.stdout.write(`${line}\n`))
  }
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function countsOf(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0 }
  for (const module of modules) {
    // A file that does not load, or a hook that throws, has no test to blame.
    counts.failed += module.errors().length
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed += 1
      else if (state === 'skipped') counts.skipped += 1
      else counts.failed += 1
    }
  }
  return counts
}
