// A Config for tests of the catalog: every preset configured, nothing else.
import { resolveConfig } from '../../src/config/resolve.ts'
import type { Config } from '../../src/config/schema.ts'
import { presets } from '../../src/providers/presets.ts'

export function configWith(names: readonly string[], file: Record<string, unknown> = {}): Config {
  const rows = presets.filter(({ name }) => names.includes(name))
  const env = Object.fromEntries(
    rows.flatMap(({ keyVariables, baseUrlVariable, baseUrl }) => [
      ...keyVariables.slice(1, 2).map((variable) => [variable, 'sk-test']),
      ...(baseUrlVariable === undefined ? [] : [[baseUrlVariable, baseUrl]]),
    ]),
  )
  return resolveConfig({ file, env, presets, demo: names.includes('demo') })
}

export const everyPreset = presets.map(({ name }) => name)
