// Asking through a door while the provider misbehaves, and what such a turn must have left on record.
import { expect } from 'vitest'
import { eventually } from '../support/deadline.ts'
import type { TestEvent, TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject, textOf, type JsonObject } from '../support/json.ts'
import { goodBody, type DoorCase } from './refusals.ts'

export interface Asked {
  readonly response: Response
  readonly text: string
  /** True when the body broke off. */
  readonly broke: boolean
  /** Requests that reached the provider. */
  readonly attempts: number
  readonly turn: Turn
}

export interface Turn {
  readonly types: readonly string[]
  /** The call's row; `{}` when there was none. */
  readonly call: JsonObject
  readonly completed: JsonObject
}

export async function askDoor(gateway: TestGateway, door: DoorCase, model: string, extra: JsonObject = {}): Promise<Asked> {
  const before = gateway.provider.requests.length
  const response = await gateway.post(door.path, goodBody(model, extra))
  const { text, broke } = await readAll(response)
  const turnId = response.headers.get('x-metis-turn-id') ?? ''
  const turn = await turnOf(gateway, turnId)
  return { response, text, broke, attempts: gateway.provider.requests.length - before, turn }
}

async function readAll(response: Response): Promise<{ text: string; broke: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true })
    return { text, broke: false }
  } catch {
    return { text, broke: true }
  }
}

export async function turnOf(gateway: TestGateway, turnId: string): Promise<Turn> {
  const events = await eventually(10_000, `the end of turn ${turnId}`, async () => {
    const own = (await gateway.events()).filter((event) => event.turnId === turnId)
    return own.some(({ type }) => type === 'turn.completed') && own
  })
  const payloadOf = (pick: (event: TestEvent) => boolean) => events.find(pick)?.payload ?? {}
  return {
    types: events.map(({ type }) => type),
    call: payloadOf(({ type }) => type.startsWith('llm.call_')),
    completed: payloadOf(({ type }) => type === 'turn.completed'),
  }
}

/** The error object of a JSON answer, or of the frame that ends a broken stream; `{}` when there is none. */
export function errorOf(door: DoorCase['door'], text: string): JsonObject {
  const whole = parseObject(text)
  if ('error' in whole) return objectOf(whole['error'])
  const frames = text.split(/\r?\n\r?\n/).flatMap((frame) => {
    const data = frame.split(/\r?\n/).find((line) => line.startsWith('data:'))
    return data === undefined ? [] : [parseObject(data.slice(5))]
  })
  const errors = frames.filter((frame) => 'error' in frame)
  expect(errors.length, `one error frame at most: ${text.slice(-500)}`).toBeLessThanOrEqual(1)
  if (errors.length === 1) expect(frames.at(-1), 'nothing after the error').toBe(errors[0])
  if (door === 'anthropic' && errors.length === 1) expect(text).toContain('event: error')
  return objectOf(errors[0]?.['error'])
}

/** A stream that was cut must never look complete. */
export function expectNoEndMark(door: DoorCase['door'], text: string): void {
  expect(text).not.toContain(door === 'anthropic' ? 'message_stop' : '[DONE]')
}

/** What no client may ever see, in no answer, header or row. */
const secrets = [
  'sk-ant-mock-provider-key',
  'sk-mock-provider-key',
  'sk-mock-secret-key',
  'org-mock-secret',
  'a1b2c3d4-mock-organization',
  '__cf_bm',
  'ECONNREFUSED',
  'ECONNRESET',
  'UND_ERR',
  'undici',
]

export function expectNoSecrets(gateway: TestGateway, asked: Asked): void {
  const seen = [asked.text, JSON.stringify([...asked.response.headers]), JSON.stringify(asked.turn)]
  for (const secret of [...secrets, gateway.token, new URL(gateway.provider.url).host]) {
    for (const text of seen) expect(text).not.toContain(secret)
  }
  expect(textOf(asked.response.headers.get('set-cookie'))).toBe('')
}
