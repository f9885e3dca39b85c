// What a mock provider saw: one record a request, with waits that have a deadline and a name.
import { deferred, within, type Deferred } from './deadline.ts'
import { parseObject, type JsonObject } from './json.ts'
import type { AnswerPlan } from './answer-plan.ts'

/** How the exchange ended, seen from the provider. `answered`: the last byte was written and the client was still there. */
export interface Closing {
  readonly how: 'answered' | 'client-gone' | 'scripted'
}

export interface RecordedRequest {
  readonly index: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: string
  /** Lower case; values of repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly text: string
  /** `{}` when the body is no JSON object. */
  readonly json: JsonObject
  /** `performance.now()` of this process. */
  readonly receivedMs: number
  /** The answer it got; null for errors, faults and paths without a plan. */
  plan: AnswerPlan | null
}

export class Recording {
  readonly requests: RecordedRequest[] = []
  readonly #closings: Array<Deferred<Closing>> = []
  readonly #arrivals: Array<{ readonly count: number; readonly resolve: () => void }> = []

  add(method: string, url: string, headers: Readonly<Record<string, string>>, body: Uint8Array): RecordedRequest {
    const text = new TextDecoder().decode(body)
    const [path = '', query = ''] = url.split('?', 2)
    const index = this.requests.length
    const receivedMs = performance.now()
    const request = { index, method, path, query, headers, body, text, json: parseObject(text), receivedMs, plan: null }
    this.requests.push(request)
    this.#closing(index)
    for (const arrival of this.#arrivals) if (this.requests.length >= arrival.count) arrival.resolve()
    return request
  }

  close(index: number, how: Closing['how']): void {
    this.#closing(index).resolve({ how })
  }

  /** @throws Error after `ms` when the exchange is still open */
  closed(index: number, ms = 10_000): Promise<Closing> {
    return within(ms, `the end of upstream request ${index}`, this.#closing(index).promise)
  }

  /** Resolves when `count` requests have been received in all. @throws Error after `ms` */
  async received(count: number, ms = 10_000): Promise<void> {
    if (this.requests.length >= count) return
    const { promise, resolve } = deferred<void>()
    this.#arrivals.push({ count, resolve })
    await within(ms, `upstream request number ${count}`, promise)
  }

  /** @throws Error when there is none */
  at(index: number): RecordedRequest {
    const request = this.requests.at(index)
    if (!request) throw new Error(`no upstream request ${index}: ${this.requests.length} were received`)
    return request
  }

  /** A wait may be asked for before its request has come. */
  #closing(index: number): Deferred<Closing> {
    return (this.#closings[index] ??= deferred<Closing>())
  }
}
