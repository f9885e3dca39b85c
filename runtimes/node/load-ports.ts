// The ports of the runtime that this is.
import { isBun } from '../this-runtime.ts'
import type { Ports } from './ports.ts'

/** Only the runtime's own are loaded: the others are a tenth of a start. */
export async function loadPorts(): Promise<Ports> {
  if (isBun) return (await import('../bun/ports.ts')).bunPorts
  return (await import('./node-ports.ts')).nodePorts
}
