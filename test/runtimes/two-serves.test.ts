// Two serves on one database are one to whoever talks in a session: what runs in one is stopped through the other. Real processes.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callsTo, type AgentCalls } from '../support/agent.ts'
import { eventually, within } from '../support/deadline.ts'
import { listOf, objectOf, textOf } from '../support/json.ts'
import { openProgramHome, type ProgramHome, type ProgramServer } from '../support/program-gateway.ts'
import { startProgram } from '../support/program.ts'

let home: ProgramHome
let servers: readonly [ProgramServer, ProgramServer]
let here: AgentCalls
let there: AgentCalls
beforeEach(async () => {
  home = await openProgramHome({ default_model: 'anthropic:claude-haiku-4-5' })
  servers = [await home.serve(), await home.serve()]
  const [one, other] = servers
  here = callsTo(() => one.url)
  there = callsTo(() => other.url)
})
afterEach(() => home.remove())

const create = async () => textOf((await here.json('POST', '/sessions', {}, 201))['id'])
const cancel = (id: string) => there.call('POST', `/sessions/${id}/cancel`, {})
const runningIn = async (id: string) => (await there.json('GET', `/sessions/${id}`))['running_turn_id']
const answersIn = async (id: string) =>
  listOf((await there.json('GET', `/sessions/${id}/messages`))['data']).flatMap((message) => {
    const { role, status } = objectOf(message)
    return role === 'assistant' ? [status] : []
  })

/** Of the turns on record, in order: how each ended, which can be once only. */
async function ends(): Promise<readonly unknown[]> {
  const turns = [...(await home.turns()).values()]
  return turns.map((events) => events.flatMap(({ type, payload }) => (type === 'turn.completed' ? [payload['status']] : [])))
}

async function refused(response: Response): Promise<unknown> {
  return [response.status, objectOf(objectOf(await response.json())['error'])['code']]
}

describe('a cancel that the other serve is asked for', () => {
  it('ends a turn in the middle of its answer: the provider is let go, the part that came is kept, the ledger closes it once', async () => {
    const id = await create()
    home.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
    const events = here.stream(`/sessions/${id}/turns`, { message: 'a long one' })
    const turnId = textOf((await events.next()).value?.data['id'])
    await events.next()
    const told = await cancel(id)
    expect([told.status, await told.json()]).toEqual([202, { turn_id: turnId }])
    const rest: string[] = []
    for await (const { event } of events) rest.push(event)
    expect(rest.at(-1)).toBe('error')
    expect(await home.provider.closed(0)).toMatchObject({ how: 'client-gone' })
    expect([await answersIn(id), await ends()]).toEqual([['cancelled'], [['cancelled']]])
    expect(await refused(await cancel(id))).toEqual([409, 'no_turn_in_flight'])
    // The word was for that turn: the next one runs to its end, wherever it is asked.
    await there.json('POST', `/sessions/${id}/turns`, { message: 'and now' })
    await here.json('POST', `/sessions/${id}/turns`, { message: 'and again' })
    expect(await ends()).toEqual([['cancelled'], ['ok'], ['ok']])
  })

  it('ends a turn that waits for its first word, and none of another session', async () => {
    const [id, other] = [await create(), await create()]
    home.provider.script({ fault: 'stall-first' }, { fault: 'stall-first' })
    const asked = here.call('POST', `/sessions/${id}/turns`, { message: 'hello?' })
    await home.provider.received(1)
    const leaving = new AbortController()
    const waiting = fetch(`${servers[0].url}/sessions/${other}/turns`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message":"me too"}',
      signal: leaving.signal,
    })
    await home.provider.received(2)
    expect((await cancel(id)).status).toBe(202)
    expect((await within(10_000, 'the refusal', asked)).ok).toBe(false)
    expect(await home.provider.closed(0)).toMatchObject({ how: 'client-gone' })
    expect([await runningIn(id), await answersIn(id)]).toEqual([null, []])
    expect(await runningIn(other)).toEqual(expect.any(String))
    leaving.abort()
    await expect(waiting).rejects.toThrow()
    await eventually(10_000, 'both to be closed', async () => String(await ends()) === 'cancelled,cancelled')
  })

  it('ends an answer of `metis chat`, too', async () => {
    home.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
    const argv = ['chat', '--config', join(home.home, 'config.yaml'), 'a long story']
    const chat = startProgram(argv, { home: home.home, env: { METIS_DB: home.db } })
    await chat.printed(/You said/)
    const [session] = listOf((await there.json('GET', '/sessions'))['data']).map((one) => objectOf(one))
    expect((await cancel(textOf(session?.['id']))).status).toBe(202)
    expect(await within(10_000, 'the end of chat', chat.ended)).toBe(1)
    expect(await home.provider.closed(0)).toMatchObject({ how: 'client-gone' })
    expect(await ends()).toEqual([['cancelled']])
  })

  it('finds nothing to stop where its process was killed, once that is noticed', async () => {
    const id = await create()
    home.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
    const asked = await here.call('POST', `/sessions/${id}/turns`, { message: 'a long one', stream: true })
    servers[0].program.signal('SIGKILL')
    await expect(asked.text()).rejects.toThrow()
    await eventually(12_000, 'the sweep', async () => (await cancel(id)).status === 409)
    expect(await ends()).toEqual([['interrupted']])
    await there.json('POST', `/sessions/${id}/turns`, { message: 'and now' })
  })
})
