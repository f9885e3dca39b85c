// One connection, bytes in and bytes out: for what no HTTP client would send.
import { connect } from 'node:net'

export interface RawAnswer {
  /** Latin-1, so that every byte is one character. */
  readonly text: string
  /** Of every answer on the connection, in order. */
  readonly statuses: readonly number[]
  /** The server closed the connection before the deadline. */
  readonly closed: boolean
}

/** Sends and reads until the server closes, or until `ms` have passed: long before a kept-alive connection is closed, after 75 s. */
export function exchange(url: string, bytes: string | Uint8Array, ms = 10_000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const received: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    const finish = (closed: boolean): void => {
      clearTimeout(deadline)
      socket.destroy()
      const text = Buffer.concat(received).toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status))
      resolve({ text, statuses, closed })
    }
    const deadline = setTimeout(() => finish(false), ms)
    socket.on('data', (data: Buffer) => received.push(data))
    // A reset after the answer is a close like any other.
    socket.on('error', () => undefined)
    socket.on('close', () => finish(true))
  })
}
