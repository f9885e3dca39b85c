// `doctor cursor`: why a loopback address cannot work for Cursor, what must stand in front of the gateway instead, and what of
// it is there already.
import type { Config } from '../../../src/config/schema.ts'
import { stateOf } from '../../../src/store/key-json.ts'
import type { KeySummary } from '../../../src/store/keys.ts'
import type { NodeContext } from '../context.ts'
import type { Finding } from './checks/finding.ts'
import { answersAsMetis } from './checks/ports.ts'
import { defineCommand } from './command.ts'
import { findingLines } from './doctor.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text } from './flags.ts'
import { isLoopback } from './listening.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

export const doctorCursor = defineCommand({
  name: 'doctor cursor',
  summary: 'say what Cursor needs to reach the gateway, and what of it is missing',
  flags: {
    url: text('URL', 'the public address in front of the gateway: it is tried from here'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway doctor cursor', 'metis-gateway doctor cursor --url https://gateway.example.com'],
  async run({ flags, io }) {
    const url = flags.url === undefined ? null : addressOf(flags.url)
    return withNode(io, flags, {}, async (context) => {
      const findings = await examine(context, url)
      const ok = findings.every(({ level }) => level !== 'fault')
      if (flags.json) {
        io.out(JSON.stringify({ ok, data: findings, settings: Object.fromEntries(settings(url)) }))
        return ok ? 0 : 1
      }
      for (const line of findings.flatMap(findingLines)) io.out(line)
      io.out('')
      for (const line of tableLines(['CURSOR > SETTINGS > MODELS', ''], settings(url))) io.out(line)
      io.out('')
      for (const line of tableLines(['IN FRONT OF THE GATEWAY', ''], inFront(context.config))) io.out(line)
      return ok ? 0 : 1
    })
  },
})

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError('--url wants an address such as https://gateway.example.com')
  return url
}

async function examine({ config, keys }: NodeContext, url: URL | null): Promise<readonly Finding[]> {
  return [
    {
      check: 'cursor',
      level: 'ok',
      message: "Cursor's own servers call the base URL, never this machine: a loopback or private address cannot work",
    },
    url === null ? noAddress : await reach(url),
    hostFinding(config, url),
    keyFinding(await keys.list()),
    modelFinding(config),
  ]
}

const noAddress: Finding = {
  check: 'cursor',
  level: 'warning',
  message: 'whether a public address leads here is not known',
  mend: 'put a TLS tunnel or reverse proxy in front (below), then: metis-gateway doctor cursor --url https://YOUR-PUBLIC-HOST',
}

async function reach(url: URL): Promise<Finding> {
  if (isLoopback(url.hostname))
    return {
      check: 'cursor',
      level: 'fault',
      message: `${url.origin} is this machine, and Cursor's servers would look for it on theirs`,
      mend: 'give the public address of a tunnel or reverse proxy',
    }
  if (url.protocol !== 'https:')
    return { check: 'cursor', level: 'fault', message: `${url.origin} has no TLS`, mend: 'give it a certificate: https://' }
  if (await answersAsMetis(new URL('/healthz', url).href))
    return { check: 'cursor', level: 'ok', message: `${url.origin} leads to a gateway, seen from here` }
  return {
    check: 'cursor',
    level: 'fault',
    message: `${url.origin} does not lead to the gateway, seen from here`,
    mend: 'check that the tunnel runs, points to 127.0.0.1:8422, and that its name is in allowed_hosts',
  }
}

/** A tunnel that keeps its own Host is refused before anything else. */
function hostFinding({ allowedHosts }: Config, url: URL | null): Finding {
  const name = url?.hostname ?? 'gateway.example.com'
  const allowed = url === null ? allowedHosts.length > 0 : allowedHosts.some((host) => host.toLowerCase() === name)
  if (allowed) return { check: 'cursor', level: 'ok', message: `allowed_hosts: ${allowedHosts.join(', ')}` }
  return {
    check: 'cursor',
    level: 'warning',
    message: `${url === null ? 'no public name' : name} is in allowed_hosts: requests that name it are refused`,
    mend: `allowed_hosts: ["${name}"] in config.yaml, or have the proxy send Host: localhost`,
  }
}

/** Whoever has the token can spend from anywhere. */
function keyFinding(keys: readonly KeySummary[]): Finding {
  const nowUs = Date.now() * 1000
  const fit = keys.find(
    (key) =>
      stateOf(key, nowUs) === 'active' &&
      key.expires_us !== null &&
      (key.daily_cap_nano_usd !== null || key.monthly_cap_nano_usd !== null) &&
      key.allowed_models_json !== '[]',
  )
  if (fit !== undefined) return { check: 'cursor', level: 'ok', message: `key ${fit.name} has a cap, a model list and an expiry` }
  return {
    check: 'cursor',
    level: 'warning',
    message: 'no active key has a cap, a model list and an expiry, and a public address can be tried by anybody',
    mend: 'metis-gateway issue-key --name cursor --workspace . --daily-cap-usd 5 --allow-model team-fast --expires 30d',
  }
}

/** Cursor chooses the format of its body by these words. */
const telling = /gpt|claude|gemini/i

function modelFinding({ aliases }: Config): Finding {
  const fit = Object.keys(aliases).filter((alias) => !telling.test(alias))
  if (fit.length > 0) return { check: 'cursor', level: 'ok', message: `custom model ids to enter: ${fit.join(', ')}` }
  return {
    check: 'cursor',
    level: 'warning',
    message:
      'no alias is without gpt, claude or gemini in its name: built-in names bypass the override, and such words change the format',
    mend: 'aliases: { team-fast: "anthropic:claude-haiku-4-5" } in config.yaml',
  }
}

const settings = (url: URL | null): readonly (readonly [string, string])[] => [
  ['Override OpenAI Base URL', `${url?.origin ?? 'https://YOUR-PUBLIC-HOST'}/v1`],
  ['OpenAI API Key', 'the gw_ token of a key with a cap, a model list and an expiry'],
  ['Model', 'a custom model id: an alias of the gateway, without gpt, claude or gemini in it'],
  ['Verify', 'sends a real call; a model of its own choice gets a clean 4xx here'],
]

const inFront = ({ limits }: Config): readonly (readonly [string, string])[] => [
  ['forward', '/v1/* to http://127.0.0.1:8422; never 8421, which is serve'],
  ['TLS', 'a certificate that the public trusts; HTTP/1.1 or 2'],
  ['buffering of answers', 'off (nginx: proxy_buffering off; Caddy: flush_interval -1)'],
  ['read timeout', `${Math.ceil(limits.firstByteMs / 1000)} s (nginx: proxy_read_timeout)`],
  ['request body', `${Math.ceil(limits.bodyBytes / 1024 / 1024)} MiB (nginx: client_max_body_size)`],
  ['Host', 'as the client sent it, with its name in allowed_hosts'],
  ['extra login of the tunnel', 'none: Cursor cannot pass it; the gateway key is the login'],
]
