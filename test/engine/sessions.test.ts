import { expect, it } from 'vitest'
import { createSessions } from '../../src/engine/sessions.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { openStore, silent, temporaryFolder } from '../store/open-store.ts'
import { openEngine } from './open-engine.ts'

it('stops the turn that is named and no other, as the heart of a turn asks for that is over by now', async () => {
  const folder = temporaryFolder()
  const { storage, queue, clock, newId, close } = await openStore(`${folder.path}/metis.db`)
  const store = createSessionStore({ storage, queue, clock, instanceId: 'instance-1' })
  const { engine, upstream } = await openEngine({ auto: false })
  upstream.script({ fault: 'stall-first' })
  const identities = createIdentityStore({ storage, queue, clock, newId })
  const sessions = createSessions({ engine, store, identities, clock, logger: silent, nextId: newId })
  const owner = { title: null, workspace: null, active_model: null, system_text: null, user_id: null, team_id: null }
  await store.create({ id: 'ses_1', ...owner, client: 'test', tags_json: '{}' })

  const asking = sessions.ask('ses_1', { text: 'hello', model: 'anthropic:claude-haiku-4-5' })
  const refused = expect(asking).rejects.toMatchObject({ errorClass: 'CANCELLED' })
  await upstream.received(1)
  expect(sessions.cancelHere('ses_1', 'the turn before')).toBeNull()
  const running = (await store.find('ses_1'))?.running_turn_id ?? ''
  expect(sessions.cancelHere('ses_1', running)).toBe(running)
  await refused
  await close()
  folder.remove()
})
