// `on` and `off`: clients pointed at the gateway by their own settings files, and back again.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { claudeCode } from '../clients/claude-code.ts'
import type { ClientSettings } from '../clients/client-settings.ts'
import { codex } from '../clients/codex.ts'
import type { SwitchedOff, SwitchPlace } from '../clients/switch.ts'
import { answersAsMetis } from './checks/ports.ts'
import { gatewayUrl, givenToken, requireOwnGateway, tokenFlag, urlFlag } from './client-access.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, text, toggle } from './flags.ts'
import type { Io } from './io.ts'
import { authorOf } from './keys.ts'
import { withNode, type OpenFlags } from './open.ts'
import { pathsOf } from '../paths.ts'
import { statusLineProgram } from '../status-line/program.ts'

const all: readonly ClientSettings[] = [claudeCode, codex]

export const on = defineCommand({
  name: 'on',
  summary: "write the gateway into a client's settings; off puts every byte back",
  args: '[claude-code|codex]',
  flags: {
    url: urlFlag,
    token: tokenFlag('the token to use (METIS_GATEWAY_KEY); absent = a key is issued'),
    subscription: toggle('Claude Code only: it keeps its own login, which its calls are billed to; the gateway records them'),
    user: text('USER', 'the user that the issued key counts for'),
    team: text('TEAM', 'the team that the issued key counts for'),
    db: dbFlag,
    config: configFlag,
  },
  examples: ['metis-gateway on claude-code', 'metis-gateway on codex --user ada'],
  async run({ flags, args: [name], io }) {
    const ownLogin = flags.subscription
    if (ownLogin && name !== claudeCode.client) throw new UsageError('--subscription is for claude-code alone')
    const url = gatewayUrl(flags.url)
    const given = givenToken(flags.token) ?? io.env['METIS_GATEWAY_KEY'] ?? null
    if (given === null) requireOwnGateway(url)
    const { checkSettings, forgetSwitch, switchOff, switchOn } = await import('../clients/switch.ts')
    for (const place of chosen(name, io, (one) => existsSync(one.settings.folder(io.env)))) {
      const before = switchOff(place)
      await afterOff(before, place, io, flags)
      forgetSwitch(place)
      checkSettings(place)
      const key = given === null ? await issue(place, io, flags) : { keyId: null, token: given }
      const statusLine = place.settings === claudeCode ? { statusLine: statusLineProgram({ env: io.env, db: flags.db }) } : {}
      const { path, leftAlone } = switchOn(place, { url, token: key.token, ownLogin, ...statusLine }, key.keyId)
      io.out(`${place.settings.title} goes through ${url} from its next start: ${path}`)
      if (leftAlone !== null) io.out(leftAlone)
      io.out(`metis-gateway off ${place.settings.client} puts it back`)
    }
    if (!(await answersAsMetis(`${url}/healthz`))) io.err(`no gateway answers at ${url} yet: metis-gateway starts one`)
    return 0
  },
})

export const off = defineCommand({
  name: 'off',
  summary: "put a client's settings back as they were before on",
  args: '[claude-code|codex]',
  flags: { db: dbFlag, config: configFlag },
  examples: ['metis-gateway off', 'metis-gateway off claude-code'],
  async run({ flags, args: [name], io }) {
    const { forgetSwitch, switchOff } = await import('../clients/switch.ts')
    for (const place of chosen(name, io, () => true)) {
      const result = switchOff(place)
      await afterOff(result, place, io, flags)
      forgetSwitch(place)
      if (result.outcome === 'was-off' && name !== undefined) io.out(`${place.settings.title} was not on`)
      else if (result.outcome === 'restored') io.out(`${place.settings.title}'s settings are as they were: ${result.path}`)
    }
    return 0
  },
})

/** One by name, or all that `isMeant`. */
function chosen(name: string | undefined, io: Io, isMeant: (place: SwitchPlace) => boolean): readonly SwitchPlace[] {
  const { home } = pathsOf({}, io.env)
  const places = all.map((settings): SwitchPlace => ({ settings, env: io.env, home }))
  if (name !== undefined) {
    const place = places.find(({ settings }) => settings.client === name)
    if (place === undefined) throw new UsageError(`there is no client "${name.slice(0, 80)}" to switch: claude-code or codex`)
    return [place]
  }
  const meant = places.filter(isMeant)
  if (meant.length === 0) throw new CommandError('no client was found here: name one, claude-code or codex')
  return meant
}

/** The token was in a file: nobody shall use it any more. And what somebody else did meanwhile is said. */
async function afterOff(result: SwitchedOff, { settings }: SwitchPlace, io: Io, flags: OpenFlags): Promise<void> {
  if (result.outcome === 'was-off') return
  const { keyId, path } = result
  if (keyId !== null && !(await revoked(keyId, io, flags)))
    io.err(`there is no key ${keyId} in this database, and it may still work: revoke it in the one that on was run with (--db)`)
  if (result.outcome === 'changed') {
    io.err(`${path} was changed since: only the gateway was taken out of it, the rest is as it is now`)
    io.err(`${settings.title}'s file as it was found is kept as ${result.copy}`)
  } else if (result.outcome === 'removed') {
    const was = result.copy === null ? '' : `; what it was before is kept as ${result.copy}`
    io.err(`${path} was removed since, and is left so${was}`)
  }
}

/** False when nobody knows the key here. One that was revoked before is fine. */
function revoked(keyId: string, io: Io, flags: OpenFlags): Promise<boolean> {
  return withNode(
    io,
    flags,
    {},
    async ({ keys }) => (await keys.revoke(keyId, authorOf(io))) || (await keys.list()).some(({ id }) => id === keyId),
  )
}

function issue(
  { settings }: SwitchPlace,
  io: Io,
  flags: OpenFlags & { readonly user: string | undefined; readonly team: string | undefined },
) {
  const key = {
    name: settings.client,
    // The settings are a person's, for all of their projects.
    workspace: io.env['HOME'] ?? homedir(),
    userId: flags.user ?? null,
    teamId: flags.team ?? null,
  }
  return withNode(io, flags, {}, ({ keys }) => keys.issue(key, authorOf(io)))
}
