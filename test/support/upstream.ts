// A scripted Send (src/services.ts) in memory: the mock provider's answers and faults without sockets, for tests of the core.
//
//   const upstream = scriptedUpstream({ clock })
//   upstream.script({ fault: 'reset-mid' })           // next call; then good answers
//   createGateway(fakeServices({ send: upstream.send }))
//   upstream.at(0).json; await upstream.closed(0)
import { UpstreamFailure, type Clock, type Send, type UpstreamRequest, type UpstreamResponse } from '../../src/services.ts'
import { textOf } from './json.ts'
import { perform, wireOf, type Step } from './performance.ts'
import { Recording, type Closing, type RecordedRequest } from './recording.ts'
import { scriptOfModel, type Script } from './scripts.ts'
import { fakeClock } from './fake-clock.ts'

export interface ScriptedUpstream {
  readonly send: Send
  readonly requests: readonly RecordedRequest[]
  script(...next: readonly UpstreamScript[]): void
  at(index: number): RecordedRequest
  received(count: number, ms?: number): Promise<void>
  closed(index: number, ms?: number): Promise<Closing>
}

/** A provider's script, a failure below HTTP, or either made of the request. */
export type UpstreamScript = Script | UpstreamFailure | ((request: RecordedRequest) => Script | UpstreamFailure)

/** `clock` times the scripts' delays; without one they take no time. Timeouts of UpstreamRequest are kept by it as well. */
export function scriptedUpstream(options: { readonly clock?: Clock } = {}): ScriptedUpstream {
  const clock = options.clock ?? fakeClock({ auto: true })
  const recording = new Recording()
  const queue: UpstreamScript[] = []
  const countByModel = new Map<string, number>()

  function scriptFor(request: RecordedRequest): Script | UpstreamFailure {
    const queued = queue.shift()
    if (queued) return typeof queued === 'function' ? queued(request) : queued
    const model = textOf(request.json['model'])
    const nth = countByModel.get(model) ?? 0
    countByModel.set(model, nth + 1)
    return scriptOfModel(model, nth, new Date(clock.nowUs() / 1_000))
  }

  async function send(asked: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    signal.throwIfAborted()
    const { pathname, search } = new URL(asked.url)
    const headers = Object.fromEntries(Object.entries(asked.headers).map(([name, value]) => [name.toLowerCase(), value]))
    const request = recording.add(asked.method, pathname + search, headers, bytesOf(asked.body))
    const script = scriptFor(request)
    if (script instanceof UpstreamFailure) {
      recording.close(request.index, 'scripted')
      throw script
    }
    const wire = wireOf(pathname)
    if (wire === null) throw new Error(`the scripted upstream has no path ${pathname}`)
    const { steps, plan } = perform(wire, pathname, request.json, script, `mock${request.index}`)
    request.plan = plan
    const gone = (how: Closing['how']): void => recording.close(request.index, how)
    signal.addEventListener('abort', () => gone('client-gone'), { once: true })
    return respond(steps, { asked, signal, clock, gone })
  }

  return {
    send,
    requests: recording.requests,
    script: (...next) => void queue.push(...next),
    at: (index) => recording.at(index),
    received: (count, ms) => recording.received(count, ms),
    closed: (index, ms) => recording.closed(index, ms),
  }
}

interface Exchange {
  readonly asked: UpstreamRequest
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly gone: (how: Closing['how']) => void
}

async function respond(steps: readonly Step[], exchange: Exchange): Promise<UpstreamResponse> {
  const { asked, signal, clock, gone } = exchange
  for (const [at, step] of steps.entries()) {
    if (step.do === 'wait') await clock.sleep(step.ms, signal)
    else if (step.do === 'hold') await step.until
    else if (step.do === 'hang') await hang(asked.firstByteMs, 'first_byte_timeout', exchange)
    else if (step.do === 'head') {
      return { status: step.status, headers: new Headers(step.headers), body: bodyOf(steps.slice(at + 1), exchange) }
    } else {
      gone('scripted')
      throw new UpstreamFailure('reset')
    }
  }
  throw new Error('a script without a head')
}

async function* bodyOf(steps: readonly Step[], exchange: Exchange): AsyncGenerator<Uint8Array> {
  const { asked, signal, clock, gone } = exchange
  let how: Closing['how'] = 'client-gone'
  try {
    for (const step of steps) {
      signal.throwIfAborted()
      if (step.do === 'write') yield step.bytes
      else if (step.do === 'wait') await clock.sleep(step.ms, signal)
      else if (step.do === 'hold') await step.until
      else if (step.do === 'hang') await hang(asked.idleMs, 'idle_timeout', exchange)
      else if (step.do === 'reset' || step.do === 'close') {
        how = 'scripted'
        throw new UpstreamFailure('reset')
      } else how = 'answered'
    }
  } finally {
    gone(how)
  }
}

/** Silence: ends by the signal or, as a real Send does it, by the request's own timeout. */
async function hang(ms: number, fault: 'first_byte_timeout' | 'idle_timeout', { signal, clock, gone }: Exchange): Promise<never> {
  await clock.sleep(ms, signal)
  gone('client-gone')
  throw new UpstreamFailure(fault)
}

function bytesOf(body: string | Uint8Array | undefined): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array())
}
