// D1 as Cloudflare runs it, in a workerd of our own: as many databases as a suite has tests. One request a statement or batch:
// Miniflare's own way from Node to a binding takes one for each value that is bound.
import { Miniflare } from 'miniflare'
import * as z from 'zod'
import type { D1Database, D1Result, D1Statement } from '../../runtimes/workers/d1.ts'
import { within } from './deadline.ts'

export interface D1Server {
  /** The same for the same name. */
  database(name: string): Promise<D1Database>
  stop(): Promise<void>
}

/** They cost nothing until they are asked for. */
const databases = 400

/** Bind what was asked for, in workerd, and hand back what D1 says, errors too. */
const script = `export default {
  async fetch(request, env) {
    const { binding, statements, batch } = await request.json()
    const bound = statements.map(({ sql, values }) => env[binding].prepare(sql).bind(...values))
    try {
      return Response.json({ results: batch ? await env[binding].batch(bound) : [await bound[0].all()] })
    } catch (error) {
      return Response.json({ error: error.message })
    }
  },
}`

const result = z.object({
  results: z.array(z.unknown()),
  meta: z.object({ changes: z.number().optional(), last_row_id: z.number().optional() }),
})
const answer = z.union([z.object({ results: z.array(result) }), z.object({ error: z.string() })])

export async function startD1(): Promise<D1Server> {
  const miniflare = new Miniflare({
    modules: true,
    script,
    d1Databases: Object.fromEntries(Array.from({ length: databases }, (_, place) => [`DB${place}`, `db${place}`])),
  })
  const url = await within(20_000, 'workerd', miniflare.ready)
  const places = new Map<string, number>()
  return {
    async database(name) {
      const place = places.get(name) ?? places.size
      if (place >= databases) throw new Error(`more than ${databases} databases`)
      places.set(name, place)
      return remoteD1(`DB${place}`, url)
    },
    stop: () => miniflare.dispose(),
  }
}

function remoteD1(binding: string, url: URL): D1Database {
  const asked = new WeakMap<D1Statement, { readonly sql: string; readonly values: readonly unknown[] }>()
  const ask = async (statements: readonly D1Statement[], batch: boolean): Promise<readonly D1Result[]> => {
    const body = JSON.stringify({ binding, batch, statements: statements.map((statement) => asked.get(statement)) })
    const said = answer.parse(await (await fetch(url, { method: 'POST', body })).json())
    if ('error' in said) throw new Error(said.error)
    return said.results.map(({ results, meta: { changes = 0 } }) => ({ results, meta: { changes } }))
  }
  const prepare = (sql: string, values: readonly unknown[] = []): D1Statement => {
    const statement: D1Statement = {
      bind: (...bound) => prepare(sql, bound),
      async all() {
        const [first] = await ask([statement], false)
        if (first === undefined) throw new Error('D1 gave no result')
        return first
      },
    }
    asked.set(statement, { sql, values })
    return statement
  }
  return { prepare: (sql) => prepare(sql), batch: (statements) => ask(statements, true) }
}
