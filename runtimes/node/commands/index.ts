// Every command, in the order --help shows them.
import { backup, restore } from './backup.ts'
import { listBrakes, releaseBrake } from './brake.ts'
import type { Command } from './command.ts'
import { chat } from './chat.ts'
import { demo } from './demo.ts'
import { doctorCursor } from './doctor-cursor.ts'
import { doctorLedger } from './doctor-ledger.ts'
import { doctor } from './doctor.ts'
import { env } from './env.ts'
import { exportCalls } from './export.ts'
import { hubToken } from './hub-token.ts'
import { identityCommands } from './identity.ts'
import { importCommands } from './import-logs.ts'
import { issueKey } from './issue-key.ts'
import { listKeys } from './list-keys.ts'
import { models } from './models.ts'
import { off, on } from './on-off.ts'
import { prices } from './prices.ts'
import { prune } from './prune.ts'
import { push } from './push.ts'
import { rebuild } from './rebuild.ts'
import { reprice } from './reprice.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'
import { route } from './route.ts'
import { runClient } from './run-client.ts'
import { setKey } from './set-key.ts'
import { serve } from './serve.ts'
import { start } from './start.ts'
import { statusLineCommand } from './status-line.ts'
import { exportUser, forgetUserCommand } from './user-data.ts'

export const commands: readonly Command[] = [
  start,
  serve,
  demo,
  chat,
  issueKey,
  listKeys,
  setKey,
  rotateKey,
  revokeKey,
  ...identityCommands('user'),
  exportUser,
  forgetUserCommand,
  ...identityCommands('team'),
  listBrakes,
  releaseBrake,
  env,
  statusLineCommand,
  runClient,
  on,
  off,
  models,
  prices,
  route,
  doctor,
  doctorLedger,
  doctorCursor,
  ...importCommands,
  exportCalls,
  backup,
  restore,
  prune,
  reprice,
  rebuild,
  push,
  hubToken,
]
