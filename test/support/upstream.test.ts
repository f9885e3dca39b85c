import { describe, expect, it } from 'vitest'
import { UpstreamFailure, type UpstreamRequest } from '../../src/services.ts'
import { fakeClock } from './fake-clock.ts'
import { scriptedUpstream } from './upstream.ts'

function call(model: string, stream = true): UpstreamRequest {
  const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'ping' }] })
  return { url: 'http://mock/v1/messages', method: 'POST', headers: {}, body, connectMs: 100, firstByteMs: 600, idleMs: 300 }
}

const alive = new AbortController().signal

async function textOfBody(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('the scripted upstream', () => {
  it('answers a stream whole and records that it was taken', async () => {
    const upstream = scriptedUpstream()
    const { body } = await upstream.send(call('m'), alive)
    expect(await textOfBody(body)).toMatch(/message_start.*message_stop/s)
    expect(await upstream.closed(0)).toMatchObject({ how: 'answered' })
    expect(upstream.at(0).json['model']).toBe('m')
  })

  it.each([
    [{ fault: 'stall-first' } as const, 'first_byte_timeout'],
    [{ fault: 'reset-first' } as const, 'reset'],
    [new UpstreamFailure('connect'), 'connect'],
  ])('fails before the head: %o', async (script, fault) => {
    const upstream = scriptedUpstream()
    upstream.script(script)
    await expect(upstream.send(call('m'), alive)).rejects.toMatchObject({ fault })
  })

  it.each([
    ['stall-mid', 'idle_timeout'],
    ['reset-mid', 'reset'],
    ['fin-mid', 'reset'],
  ] as const)('breaks a running stream at %s', async (fault, seen) => {
    const upstream = scriptedUpstream()
    upstream.script({ fault })
    const { body } = await upstream.send(call('m'), alive)
    await expect(textOfBody(body)).rejects.toMatchObject({ fault: seen })
  })

  it('says that the client left when its signal aborts a silent call', async () => {
    const upstream = scriptedUpstream({ clock: fakeClock() })
    const leaving = new AbortController()
    const sent = upstream.send(call('up-stall-first'), leaving.signal)
    leaving.abort(new Error('left'))
    await expect(sent).rejects.toThrow('left')
    expect(await upstream.closed(0)).toMatchObject({ how: 'client-gone' })
  })

  it('says that the client left when it stops reading', async () => {
    const upstream = scriptedUpstream()
    const { body } = await upstream.send(call('m'), alive)
    for await (const chunk of body) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(await upstream.closed(0)).toMatchObject({ how: 'client-gone' })
  })
})

describe('the fake clock', () => {
  it('wakes sleepers in the order of their time, and only when it is moved', async () => {
    const clock = fakeClock()
    const woken: string[] = []
    const late = clock.sleep(200).then(() => woken.push(`late at ${clock.nowMs()}`))
    const early = clock.sleep(100).then(() => woken.push(`early at ${clock.nowMs()}`))
    await clock.advance(99)
    expect(woken).toEqual([])
    expect(clock.sleeping).toEqual([1, 101])
    await clock.advance(1_000)
    await Promise.all([late, early])
    expect(woken).toEqual(['early at 100', 'late at 200'])
    expect(clock.slept).toEqual([200, 100])
  })

  it('ends a sleep by its signal', async () => {
    const clock = fakeClock()
    const leaving = new AbortController()
    const sleep = clock.sleep(100, leaving.signal)
    leaving.abort(new Error('left'))
    await expect(sleep).rejects.toThrow('left')
    expect(clock.sleeping).toEqual([])
  })
})
