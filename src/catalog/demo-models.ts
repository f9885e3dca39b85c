// What stands behind a model of the offline `demo` provider: the real model whose price it shows, so that the dashboard has
// plausible money in it.
import { parseModelRef, type ModelRef } from './models.ts'
import { shippedAliases, vendorOf } from './shipped-models.ts'

const anyOther: ModelRef = { provider: 'anthropic', name: 'claude-haiku-4-5' }

export function demoTwinOf(name: string): ModelRef {
  const target = shippedAliases.get(name)?.[0]
  if (target !== undefined) return parseModelRef(target) ?? anyOther
  const vendor = vendorOf(name)
  return vendor === null ? anyOther : { provider: vendor, name }
}
