// What a turn left behind: the provider's plan of the answer, and the row of its call.
import { eventually } from '../support/deadline.ts'
import type { AnswerPlan } from '../support/answer-plan.ts'
import type { GatewayUnderTest } from '../support/gateway.ts'
import type { JsonObject } from '../support/json.ts'

/** Of the last request. @throws Error when it got no planned answer */
export function lastPlan(gateway: Pick<GatewayUnderTest, 'provider'>): AnswerPlan {
  const { plan } = gateway.provider.at(-1)
  if (plan === null) throw new Error('the last request got no planned answer')
  return plan
}

export function textOfPlan(plan: AnswerPlan): string {
  return plan.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
}

/** The newest call on record, once its turn is complete. */
export function lastCall(gateway: GatewayUnderTest): Promise<JsonObject> {
  return eventually(10_000, 'the end of the last turn', async () => {
    const events = await gateway.events()
    const last = events.findLast(({ type }) => type.startsWith('llm.call_'))
    const opened = events.findLast(({ type }) => type === 'route.decided')
    return last !== undefined && last.turnId === opened?.turnId && last.payload
  })
}

/** A plan's usage in the trace's words. */
export function usageOfPlan({ usage }: AnswerPlan): JsonObject {
  return {
    input_tokens: usage.inputUncached,
    cached_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite5m,
    output_tokens: usage.output,
  }
}
