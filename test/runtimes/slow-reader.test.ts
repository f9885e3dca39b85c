// A client that does not read (reliability.md §3): it holds back the provider, by TCP alone, and never fills our memory.
import { connect } from 'node:net'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { afterEach, expect, it } from 'vitest'
import { eventually, within } from '../support/deadline.ts'
import { openProgramHome, type ProgramHome } from '../support/program-gateway.ts'

const MiB = 1024 * 1024
const answerBytes = 50 * MiB

let home: ProgramHome | null = null
let stopFlood: (() => Promise<void>) | null = null
afterEach(async () => {
  await home?.remove()
  await stopFlood?.()
  home = null
  stopFlood = null
})

/** A provider that writes 50 MiB of a stream as fast as it is taken, and counts what it could write. */
async function startFlood() {
  const frame = `data: {"id":"x","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"${'x'.repeat(65_000)}"}}]}\n\n`
  const last = `data: {"id":"x","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`
  const count = { written: 0 }
  async function flood(outgoing: ServerResponse): Promise<void> {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    while (count.written < answerBytes && !outgoing.destroyed) {
      const isFull = !outgoing.write(frame)
      count.written += frame.length
      if (isFull) await once(outgoing, 'drain', { signal: gone.signal })
    }
    outgoing.end(last)
  }
  const server = createServer((incoming, outgoing) => {
    incoming.resume()
    incoming.once('end', () => void flood(outgoing).catch(() => outgoing.destroy()))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`,
    count,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Resident bytes of another process. */
function residentBytes(pid: number): number {
  if (process.platform === 'linux') {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kib) * 1024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024
}

it('holds the provider back below 24 of 50 MiB, in bounded memory, and gets everything once it reads', async () => {
  const flood = await startFlood()
  stopFlood = () => flood.stop()
  home = await openProgramHome({ providers: { flood: { wire: 'openai', base_url: flood.url } } })
  const { program, port, ask } = await home.start()
  await (await ask({ shape: 'openai' })).text()
  const beforeBytes = residentBytes(program.pid)

  const body = '{"model":"flood:m","stream":true,"messages":[{"role":"user","content":"x"}]}'
  const client = connect(port, '127.0.0.1')
  client.pause()
  const head = ['POST /v1/chat/completions HTTP/1.1', 'host: localhost', `authorization: Bearer ${home.token}`]
  client.write(
    [...head, 'content-type: application/json', `content-length: ${body.length}`, 'connection: close', '', body].join('\r\n'),
  )

  // Held back: what the provider could write has not grown for a third of a second.
  let lastWritten = -1
  let sinceMs = performance.now()
  await eventually(10_000, 'the provider to be held back', () => {
    if (flood.count.written !== lastWritten) {
      lastWritten = flood.count.written
      sinceMs = performance.now()
    }
    return lastWritten > 0 && performance.now() - sinceMs > 300
  })
  expect(flood.count.written).toBeLessThan(24 * MiB)
  expect(residentBytes(program.pid) - beforeBytes).toBeLessThan(96 * MiB)
  // Nobody else waits for that reader.
  expect(await (await ask({ shape: 'openai' })).text()).toContain('[DONE]')

  let read = 0
  let tail = ''
  client.on('data', (bytes: Buffer) => {
    read += bytes.byteLength
    tail = (tail + bytes.subarray(-64).toString('latin1')).slice(-64)
  })
  client.resume()
  await within(15_000, 'the rest of the answer', once(client, 'close'))
  expect(read).toBeGreaterThan(answerBytes)
  expect(tail).toContain('data: [DONE]')
  expect(residentBytes(program.pid) - beforeBytes).toBeLessThan(96 * MiB)
  const last = [...(await home.turns()).values()].find(([route]) => route?.payload['chosen_model'] === 'flood:m')
  expect(last?.at(-1)?.payload['status']).toBe('ok')
})
