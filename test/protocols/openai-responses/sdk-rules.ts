// What ResponseStream (openai 6.49) and Codex demand of a Responses stream, as a small state machine.
import { isObject, listOf, numberOf, objectOf, textOf, type JsonObject } from '../../support/json.ts'

export interface SeenResponse {
  readonly text: string
  readonly thinking: string
  readonly tools: readonly { readonly id: string; readonly name: string; readonly args: string }[]
  readonly status: string
  readonly reason: string
  readonly usage: JsonObject
  readonly output: readonly JsonObject[]
  readonly error?: string
}

function demand(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`broken rule: ${rule}`)
}

function framesOf(stream: string): readonly JsonObject[] {
  demand(stream.endsWith('\n\n'), 'the stream ends with a whole frame')
  return stream
    .trimEnd()
    .split('\n\n')
    .map((frame) => {
      const [, event = '', data = ''] = /^event: (.*)\ndata: ([^\n]*)$/.exec(frame) ?? []
      const value: unknown = JSON.parse(data)
      demand(isObject(value) && value['type'] === event, 'an event is named like its data')
      return objectOf(value)
    })
}

/** Numbered from 0 without gaps; items and their parts begin before they grow, end once, and are whole in the last event. */
export function readResponsesStream(stream: string): SeenResponse {
  const items: { type: string; text: string; open: boolean; parts: number; done?: JsonObject }[] = []
  let last: JsonObject | undefined
  const itemAt = (event: JsonObject) => {
    const item = items[numberOf(event['output_index']) ?? -1]
    if (!item?.open) throw new Error(`broken rule: ${textOf(event['type'])} is of an item that is open`)
    return item
  }
  for (const [number, event] of framesOf(stream).entries()) {
    demand(last === undefined, 'nothing follows the end')
    demand(event['sequence_number'] === number, 'events are numbered')
    const type = textOf(event['type'])
    if (number === 0 && type !== 'response.failed') demand(type === 'response.created', 'response.created comes first')
    if (/^response\.(completed|incomplete|failed)$/.test(type)) last = event
    else if (type === 'response.output_item.added') {
      demand(event['output_index'] === items.length, 'items are counted from 0')
      items.push({ type: textOf(objectOf(event['item'])['type']), text: '', open: true, parts: 0 })
    } else if (type === 'response.output_item.done') {
      const item = itemAt(event)
      item.open = false
      item.done = objectOf(event['item'])
    } else if (type.endsWith('part.added')) itemAt(event).parts += 1
    else if (type.endsWith('.delta')) {
      const item = itemAt(event)
      const place = numberOf(event['content_index']) ?? numberOf(event['summary_index'])
      if (place !== undefined) demand(place < item.parts, 'a part begins before it grows')
      item.text += textOf(event['delta'])
    } else if (type.endsWith('arguments.done'))
      demand(event['arguments'] === itemAt(event).text, 'arguments are said whole at their end')
  }
  if (last === undefined) throw new Error('broken rule: a terminal event comes')
  const response = objectOf(last['response'])
  const output = listOf(response['output']).map(objectOf)
  const error = objectOf(response['error'])
  if (response['error'] === null)
    demand(JSON.stringify(output) === JSON.stringify(items.map(({ done }) => done)), 'the end repeats the items')
  demand(last['type'] === `response.${textOf(response['status'])}`, 'the last event says how it ended')
  const textsOf = (type: string) => items.flatMap((item) => (item.type === type ? [item.text] : [])).join('')
  return {
    text: textsOf('message'),
    thinking: textsOf('reasoning'),
    tools: output.flatMap((item) =>
      item['type'] === 'function_call'
        ? [{ id: textOf(item['call_id']), name: textOf(item['name']), args: textOf(item['arguments']) }]
        : [],
    ),
    status: textOf(response['status']),
    reason: textOf(objectOf(response['incomplete_details'])['reason']),
    usage: objectOf(response['usage']),
    output,
    ...(response['error'] === null ? {} : { error: textOf(error['message']) }),
  }
}
