// The fast way out: an answer that the listener can write straight to the socket. To everyone else it is a WHATWG Response.
import type { AnswerStream, Respond } from '../../src/services.ts'
import { webRespond } from '../../src/gateway/web-ports.ts'

export interface SocketAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AnswerStream | null
}

class NodeResponse {
  readonly answer: SocketAnswer
  #whole: Response | null = null

  constructor(answer: SocketAnswer) {
    this.answer = answer
  }
  get status(): number {
    return this.answer.status
  }
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }
  get whole(): Response {
    const whole = this.#whole ?? webRespond(this.answer.status, this.answer.headers, this.answer.body)
    this.#whole = whole
    return whole
  }
}

const proxied = ['headers', 'body', 'bodyUsed', 'redirected', 'statusText', 'type', 'url'] as const
for (const name of proxied) {
  Object.defineProperty(NodeResponse.prototype, name, {
    get(this: NodeResponse) {
      return this.whole[name]
    },
  })
}
const methods = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text'] as const
for (const name of methods) {
  Object.defineProperty(NodeResponse.prototype, name, {
    value(this: NodeResponse) {
      return Reflect.get(this.whole, name).call(this.whole)
    },
  })
}

// The members above make it one (no `instanceof`, see request.ts); the compiler cannot see that.
export const nodeRespond: Respond = (status, headers, body) => new NodeResponse({ status, headers, body }) as unknown as Response

/** What to write, when `nodeRespond` made this answer and nobody has opened it since. */
export function socketAnswerOf(response: Response): SocketAnswer | null {
  return response instanceof NodeResponse ? response.answer : null
}
