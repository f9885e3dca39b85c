// What a gateway that runs here says of itself: whether it can do its work, and whom it keeps away from.
import * as z from 'zod'
import type { Finding } from './finding.ts'

const readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  reason: z.string().optional(),
  unavailable: z.array(z.object({ provider: z.string(), model: z.string().nullable(), reason: z.string() })),
})

/** Empty when none runs, or it is of a version that says nothing. */
export async function checkRunningGateway(url: string): Promise<readonly Finding[]> {
  const said = await readinessAt(`${url}/readyz`)
  if (said === null) return []
  const away = said.unavailable.map(({ provider, model, reason }): Finding => ({
    check: 'providers',
    level: 'warning',
    message: `the running gateway passes over ${model ?? provider}: ${reason}`,
    mend: '--probe tries its keys; the gateway asks it again five minutes after the last try, with another key after a restart',
  }))
  if (said.status === 'ready') return away
  const reason = said.reason ?? 'it does not say why'
  return [{ check: 'ports', level: 'warning', message: `the running gateway takes no work: ${reason}` }, ...away]
}

async function readinessAt(url: string): Promise<z.infer<typeof readiness> | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) })
    return readiness.safeParse(await answer.json()).data ?? null
  } catch {
    return null
  }
}
