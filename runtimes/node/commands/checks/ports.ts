// Are the two ports free, or taken by ourselves?
import { createServer } from 'node:net'
import { defaultHost, defaultPort } from '../listening.ts'
import type { Finding } from './finding.ts'

export async function checkPorts(): Promise<readonly Finding[]> {
  return Promise.all([
    checkPort('the gateway', defaultPort.gateway, '/healthz', '--port'),
    checkPort('serve', defaultPort.serve, '/health', '--serve-port'),
  ])
}

async function checkPort(who: string, port: number, path: string, flag: string): Promise<Finding> {
  const at = `${defaultHost}:${port}`
  if (await isFree(port)) return { check: 'ports', level: 'ok', message: `${at} is free for ${who}` }
  if (await answersAsMetis(`http://${at}${path}`)) return { check: 'ports', level: 'ok', message: `${who} is running on ${at}` }
  return {
    check: 'ports',
    level: 'fault',
    message: `${at} is taken by another program`,
    mend: `stop that program, or start ${who} elsewhere with ${flag}`,
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, defaultHost, () => server.close(() => resolve(true)))
  })
}

/** Paths of our own name their API version in every answer: no other program does. */
export async function answersAsMetis(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) })
    await answer.body?.cancel()
    return answer.headers.has('metis-api-version')
  } catch {
    return false
  }
}
