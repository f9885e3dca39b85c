// What waits for a store that does not take it: bounded by what it weighs, for messages are no small rows.
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createMessageLog } from '../../src/store/message-log.ts'
import { openStore, temporaryFolder, type OpenStore } from './open-store.ts'

const folder = temporaryFolder()
let store: OpenStore | undefined
afterEach(async () => {
  await store?.close()
  folder.remove()
})

it('holds no more than 16 million characters for a store that stands still, says what is lost, and goes on after it', async () => {
  const { storage, queue, clock } = (store = await openStore(join(folder.path, 'metis.db')))
  let isStill = true
  const takes: (() => void)[] = []
  const lost: unknown[] = []
  const messages = createMessageLog({
    storage,
    clock,
    logger: { log: (_, __, fields) => lost.push(fields?.['turn_id']) },
    redact: (text) => text,
    queue: {
      commit: async (unit) => {
        if (isStill) await new Promise<void>((resolve) => takes.push(resolve))
        return queue.commit(unit)
      },
    },
  })
  const long = 'a word or two. '.repeat(20_000)
  for (let turn = 0; turn < 40; turn += 1) messages.write(`turn-${turn}`, long, long)
  expect([takes.length, lost.length, lost[0]]).toEqual([31, 9, 'turn-31'])
  isStill = false
  for (const take of takes) take()
  await expect.poll(() => storage.db.selectFrom('turn_messages').select('turn_id').execute()).toHaveLength(31)
  messages.write('turn-40', long, long)
  await expect.poll(() => storage.db.selectFrom('turn_messages').select('turn_id').execute()).toHaveLength(32)
})
