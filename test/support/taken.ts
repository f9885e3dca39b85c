// Whether the other end of a loopback connection has read what was written to it: a reset throws away what still waits in the kernel,
// and on a busy machine that may be all of it.
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 5000

/** Resolves once nothing waits, for one that does not read after a while; at once where the system does not tell (no /proc). */
export async function untilTaken(socket: Socket): Promise<void> {
  const { localPort = 0, remotePort = 0 } = socket
  const end = performance.now() + patienceMs
  while ((await waitingBytes(localPort, remotePort)) > 0 && performance.now() < end) await sleep(5)
}

/** In the send buffer of the one and the receive buffer of the other. */
async function waitingBytes(fromPort: number, toPort: number): Promise<number> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  let waiting = 0
  for (const row of tables.flatMap((table) => table.split('\n'))) {
    const [, local = '', remote = '', , queues = ''] = row.trim().split(/\s+/)
    const [sent = 0, received = 0] = queues.split(':').map((digits) => Number.parseInt(digits, 16))
    if (portOf(local) === fromPort && portOf(remote) === toPort) waiting += sent
    if (portOf(local) === toPort && portOf(remote) === fromPort) waiting += received
  }
  return waiting
}

const portOf = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16)
