// Every migration, by name; the names' order is the order they run in. Released ones are never edited.
import type { Migration } from 'kysely'
import { initial } from './0001-initial.ts'
import { keyRotation } from './0003-key-rotation.ts'
import { quotas } from './0004-quotas.ts'
import { rates } from './0005-rates.ts'
import { brakes } from './0006-brakes.ts'
import { subscriptions } from './0010-subscriptions.ts'
import { turnMessages } from './0011-turn-messages.ts'
import { identityNotices } from './0020-identity-notices.ts'
import { hub } from './0021-hub.ts'
import { sessions } from './0030-sessions.ts'
import { patterns } from './0031-patterns.ts'
import { settled } from './0040-settled.ts'
import { callsThatFailed } from './0041-calls-that-failed.ts'
import { sessionsStop } from './0050-sessions-stop.ts'

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0003-key-rotation': keyRotation,
  '0004-quotas': quotas,
  '0005-rates': rates,
  '0006-brakes': brakes,
  '0010-subscriptions': subscriptions,
  '0011-turn-messages': turnMessages,
  '0020-identity-notices': identityNotices,
  '0021-hub': hub,
  '0030-sessions': sessions,
  '0031-patterns': patterns,
  '0040-settled': settled,
  '0041-calls-that-failed': callsThatFailed,
  '0050-sessions-stop': sessionsStop,
}
