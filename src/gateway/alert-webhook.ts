// The webhook of alerts: a JSON body, signed so that its reader knows whose it is and how old. Behind everybody's back.
import type { Config } from '../config/schema.ts'
import type { Clock, Logger, Send } from '../services.ts'
import type { AuditType } from '../store/events.ts'

const waitsMs = [1000, 5000] as const
const firstByteMs = 5000

export interface AlertWebhookParts {
  readonly config: Config['alerts']
  readonly send: Send
  readonly clock: Clock
  readonly logger: Logger
}

/** As the event on record says it. */
export type Alert = Readonly<Record<string, unknown>> & { readonly type: AuditType }

/** Does nothing without a webhook in the configuration. Tries three times, then says so in the log; never throws. */
export function createAlertWebhook({ config, send, clock, logger }: AlertWebhookParts): (alert: Alert) => Promise<void> {
  if (config === null) return () => Promise.resolve()
  const { webhookUrl, secret } = config
  return async (alert) => {
    const body = JSON.stringify(alert)
    for (const waitMs of [...waitsMs, null]) {
      const problem = await post(body)
      if (problem === null) return
      if (waitMs !== null) await clock.sleep(waitMs)
      else logger.log('warn', 'the webhook of alerts cannot be reached', { problem })
    }
  }

  /** What went wrong; null = nothing. */
  async function post(body: string): Promise<string | null> {
    try {
      const atS = Math.floor(clock.nowUs() / 1_000_000)
      const signature = `t=${atS},v1=${await hmacHex(secret, `${atS}.${body}`)}`
      const headers = { 'content-type': 'application/json', 'x-metis-signature': signature }
      const request = {
        url: webhookUrl,
        method: 'POST',
        headers,
        body,
        connectMs: firstByteMs,
        firstByteMs,
        idleMs: firstByteMs,
      } as const
      const { status, body: answer } = await send(request, new AbortController().signal)
      // Its words are nobody's business; closing gives the connection back.
      await answer[Symbol.asyncIterator]().return?.()
      return status >= 200 && status < 300 ? null : `status ${status}`
    } catch (error) {
      return String(error)
    }
  }
}

/** HMAC-SHA256, lower-case hex. */
async function hmacHex(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)))
  return [...signature].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
