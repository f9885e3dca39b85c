// A path of serve's, and that it is described: a handler is served under an operation of /openapi.json or, when it is a page that
// browsers load, under none.
import type { Operation } from './openapi.ts'

/** What stands in the path's braces. */
export type Parameters = Readonly<Record<string, string>>
export type Handler = (request: Request, parameters: Parameters) => Response | Promise<Response>

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Route {
  /** As Hono writes it. */
  readonly path: string
  readonly methods: Readonly<Partial<Record<Method, Handler>>>
  /** Answered without the admin token: nothing in it is anybody's, or another token is asked for. */
  readonly open: boolean
  /** Answers with Metis-API-Version: all but what browsers load. */
  readonly versioned: boolean
}

export interface Served {
  readonly operation: Operation
  readonly handler: Handler
}

/** Each operation with the handler of its name. */
export function serving<Name extends string>(
  operations: Readonly<Record<Name, Operation>>,
  handlers: Readonly<Record<NoInfer<Name>, Handler>>,
): readonly Served[] {
  const named: Readonly<Record<string, Handler>> = handlers
  return Object.entries<Operation>(operations).flatMap(([name, operation]) => {
    const handler = named[name]
    return handler === undefined ? [] : { operation, handler }
  })
}

export function routesOf(served: readonly Served[]): readonly Route[] {
  const paths = [...new Set(served.map(({ operation }) => operation.path))]
  return paths.map((path) => {
    const here = served.filter(({ operation }) => operation.path === path)
    return {
      path: path.replace(/\{(\w+)\}/g, ':$1'),
      methods: Object.fromEntries(here.map(({ operation, handler }) => [operation.method.toUpperCase(), handler])),
      open: here.every(({ operation }) => operation.asks !== undefined),
      versioned: true,
    }
  })
}

export const pageRoute = (path: string, handler: Handler, open = false): Route => ({
  path,
  methods: { GET: handler },
  open,
  versioned: false,
})

/** HEAD is GET without its body; Hono sees to the second half. */
export function handlerOf(route: Route, method: string): Handler | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return route.methods.GET
    case 'POST':
      return route.methods.POST
    case 'PATCH':
      return route.methods.PATCH
    case 'DELETE':
      return route.methods.DELETE
    default:
      return undefined
  }
}

export function allowOf(route: Route): string {
  const methods = Object.keys(route.methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}
