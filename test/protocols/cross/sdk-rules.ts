// What the vendors' SDKs demand of a stream, as small state machines: frames that these take, MessageStream
// (@anthropic-ai/sdk 1.12) and ChatCompletionStream (openai 6.49) take.

export interface SeenAnswer {
  readonly text: string
  readonly thinking: string
  readonly tools: readonly { readonly id: string; readonly name: string; readonly args: string }[]
  readonly stop: string
  readonly error?: string
}

interface Frame {
  readonly event: string
  readonly data: string
}

function framesOf(stream: string): readonly Frame[] {
  if (stream !== '' && !stream.endsWith('\n\n')) throw new Error('the stream ends inside a frame')
  return stream
    .split('\n\n')
    .filter((frame) => frame !== '' && !frame.startsWith(':'))
    .map((frame) => {
      const match = /^(?:event: (.*)\n)?data: ([^\n]*)$/.exec(frame)
      if (!match) throw new Error(`not a frame: ${frame}`)
      return { event: match[1] ?? '', data: match[2] ?? '' }
    })
}

function demand(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Error(`broken rule: ${rule}`)
}

interface OpenBlock {
  readonly type: string
  text: string
  signature: string
  readonly id: string
  readonly name: string
  open: boolean
}

/** MessageStream: one message_start first, blocks in order and one at a time, every delta into the open one, one end. */
export function readAnthropicStream(stream: string): SeenAnswer {
  const blocks: OpenBlock[] = []
  let started = false
  let stop = ''
  let ended = false
  let error: string | undefined
  for (const { event, data } of framesOf(stream)) {
    const frame = JSON.parse(data)
    demand(event === frame.type, 'the event is named like its data')
    demand(!ended && error === undefined, 'nothing follows the end')
    demand(started || event === 'message_start' || event === 'error', 'message_start comes first')
    switch (event) {
      case 'message_start':
        demand(!started, 'message_start comes once')
        demand(Array.isArray(frame.message.content) && frame.message.content.length === 0, 'a message starts empty')
        demand(typeof frame.message.usage === 'object', 'message_start has usage')
        started = true
        break
      case 'content_block_start':
        demand(frame.index === blocks.length, 'block indexes count up from 0')
        demand(!blocks.some(({ open }) => open), 'one block is open at a time')
        blocks.push({ ...frame.content_block, text: '', signature: '', open: true })
        break
      case 'content_block_delta': {
        const block = blocks[frame.index]
        demand(block?.open === true, 'a delta goes into the open block')
        demand(deltaTypes[frame.delta.type]?.includes(block.type) ?? false, `${frame.delta.type} fits ${block.type}`)
        block.text += frame.delta.text ?? frame.delta.thinking ?? frame.delta.partial_json ?? ''
        block.signature += frame.delta.signature ?? ''
        break
      }
      case 'content_block_stop': {
        const block = blocks[frame.index]
        demand(block?.open === true, 'an open block is closed')
        demand(block.type !== 'text' || block.text !== '', 'no text block is empty')
        demand(block.type !== 'thinking' || block.signature !== '', 'thinking is signed')
        block.open = false
        break
      }
      case 'message_delta':
        demand(stop === '' && !blocks.some(({ open }) => open), 'one message_delta, behind all blocks')
        demand(typeof frame.usage.output_tokens === 'number', 'message_delta has usage')
        stop = frame.delta.stop_reason
        break
      case 'message_stop':
        demand(stop !== '', 'message_delta comes before message_stop')
        ended = true
        break
      case 'error':
        error = frame.error.message
        break
      default:
        demand(event === 'ping', `the event ${event} is known`)
    }
  }
  demand(ended !== (error !== undefined), 'a stream ends in message_stop or in an error')
  const textOf = (type: string): string =>
    blocks
      .filter((block) => block.type === type)
      .map(({ text }) => text)
      .join('')
  const tools = blocks.filter(({ type }) => type === 'tool_use').map(({ id, name, text }) => ({ id, name, args: text }))
  return { text: textOf('text'), thinking: textOf('thinking'), tools, stop, ...(error === undefined ? {} : { error }) }
}

const deltaTypes: Readonly<Record<string, readonly string[]>> = {
  text_delta: ['text'],
  thinking_delta: ['thinking'],
  signature_delta: ['thinking'],
  input_json_delta: ['tool_use'],
}

/** ChatCompletionStream: one id, tools announced before they grow, one finish, usage alone behind it, then `[DONE]`. */
export function readOpenaiStream(stream: string): SeenAnswer {
  const tools: { id: string; name: string; args: string }[] = []
  let [text, thinking, refusal, stop, id] = ['', '', '', '', '']
  let [usages, ended] = [0, false]
  let error: string | undefined
  for (const { event, data } of framesOf(stream)) {
    demand(event === '', 'chat frames have no event name')
    demand(!ended && error === undefined, 'nothing follows the end')
    if (data === '[DONE]') {
      demand(stop !== '' && usages === 1, 'a finish and the usage come before [DONE]')
      ended = true
      continue
    }
    const chunk = JSON.parse(data)
    if (chunk.error) {
      error = chunk.error.message
      continue
    }
    demand(chunk.object === 'chat.completion.chunk', 'every frame is a chunk')
    demand(id === '' || id === chunk.id, 'all chunks have one id')
    const first = id === ''
    id = chunk.id
    if (chunk.choices.length === 0) {
      demand(stop !== '' && typeof chunk.usage.total_tokens === 'number', 'the usage chunk comes behind the finish')
      usages++
      continue
    }
    demand(chunk.usage === null, 'every other chunk says usage: null')
    const { delta, finish_reason: finish, index } = chunk.choices[0]
    demand(index === 0 && stop === '', 'nothing is said behind the finish')
    demand(first === (delta.role === 'assistant'), 'the role is said once, first')
    text += delta.content ?? ''
    refusal += delta.refusal ?? ''
    thinking += delta.reasoning_content ?? ''
    for (const call of delta.tool_calls ?? []) {
      if (call.index === tools.length) tools.push({ id: call.id, name: call.function.name, args: '' })
      else demand(call.id === undefined && call.function.name === undefined, 'a call is announced once')
      const tool = tools[call.index]
      demand(
        tool !== undefined && typeof tool.id === 'string' && typeof tool.name === 'string',
        'calls count up from 0, with id and name',
      )
      tool.args += call.function.arguments
    }
    stop = finish ?? ''
  }
  demand(ended !== (error !== undefined), 'a stream ends in [DONE] or in an error')
  return { text: text + refusal, thinking, tools, stop, ...(error === undefined ? {} : { error }) }
}
