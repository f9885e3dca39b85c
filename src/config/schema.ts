// The configuration file's one schema, and the Config the core runs on (contract.md §2). `resolve.ts` makes the second from
// the first, the environment and flags.
import * as z from 'zod'
import { baseUrlFault } from './base-url.ts'
import type { ConfigWarning } from './errors.ts'

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'lower-case letters, digits, - and _, at most 64')
const usdPerMillion = z.number().nonnegative()

const providerFile = z.strictObject({
  wire: z.enum(['anthropic', 'openai']).optional(),
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  api_key: z.string().optional(),
  /** Several keys of one account or of many, in place of `api_key`. */
  api_keys: z
    .array(z.union([z.string().min(1), z.strictObject({ key: z.string().min(1), weight: z.int().min(1).max(100).optional() })]))
    .min(1)
    .max(50)
    .optional(),
  /** Where the key goes; `none` for local servers; `google`: it is a service account, whose access tokens go. */
  auth: z.enum(['x-api-key', 'bearer', 'google', 'none']).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Bare model names this provider serves, for routing and /v1/models. */
  models: z.array(z.string().min(1).max(200)).optional(),
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  replays_reasoning: z.boolean().optional(),
  stream_options: z.boolean().optional(),
  responses: z.boolean().optional(),
  client_logins: z.boolean().optional(),
})

export const configFile = z.strictObject({
  providers: z.record(name, providerFile).optional(),
  aliases: z.record(z.string().min(1).max(200), z.string().min(1).max(200)).optional(),
  /** Glob over canonical ids → USD per million tokens. */
  prices: z
    .record(
      z.string(),
      z.strictObject({
        input: usdPerMillion,
        output: usdPerMillion,
        cache_read: usdPerMillion.optional(),
        cache_write: usdPerMillion.optional(),
        cache_write_1h: usdPerMillion.optional(),
        web_search_per_1000: z.number().nonnegative().optional(),
      }),
    )
    .optional(),
  fallbacks: z.record(z.string(), z.array(z.string().min(1)).max(8)).optional(),
  /** A cheaper model in place of another when less than this is left of a budget. */
  step_down: z
    .strictObject({ below_percent: z.number().min(0).max(100), models: z.record(z.string(), z.string().min(1).max(200)) })
    .optional(),
  pattern_routing: z
    .strictObject({
      enabled: z.boolean(),
      /** 0 = success alone counts, 1 = cost alone. */
      cost_weight: z.number().min(0).max(1).optional(),
      neighbours: z.int().min(1).max(200).optional(),
      min_sample: z.int().min(1).max(200).optional(),
      min_confidence: z.number().min(0).max(1).optional(),
    })
    .optional(),
  default_model: z.string().min(1).max(200).optional(),
  /** Workspace path → model for requests that name none. */
  workspaces: z.record(z.string(), z.strictObject({ default_model: z.string().min(1).max(200).optional() })).optional(),
  limits: z
    .strictObject({
      body_bytes: z.int().min(1024).max(268_435_456).optional(),
      connect_ms: z.int().min(1).optional(),
      first_byte_ms: z.int().min(1).optional(),
      idle_ms: z.int().min(1).optional(),
      concurrent_turns: z.int().min(1).optional(),
      max_retries: z.int().min(0).max(5).optional(),
      auth_failures_per_minute: z.int().min(1).optional(),
    })
    .optional(),
  durability: z.enum(['standard', 'strict']).optional(),
  allowed_hosts: z.array(z.string()).optional(),
  cors_origins: z.array(z.string()).optional(),
  trusted_proxies: z.array(z.string()).optional(),
  drain_ms: z.int().min(0).optional(),
  keep_alive_ms: z.int().min(100).optional(),
  /** Whether clients' logs on this machine are looked at for project and branch. */
  session_files: z.boolean().optional(),
  /** Whose tokens open the gateway beside its own keys, by a name of yours. */
  issuers: z
    .record(
      name,
      z.strictObject({
        issuer: z.url({ protocol: /^https?$/ }),
        audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
        jwks_url: z.url({ protocol: /^https?$/ }).optional(),
        user_claim: z.string().min(1).optional(),
        team_claim: z.string().min(1).optional(),
        known_users_only: z.boolean().optional(),
        workspace: z.string().min(1).optional(),
        allow_models: z.array(z.string().min(1)).optional(),
        allow_unpriced: z.boolean().optional(),
        rpm: z.int().min(1).optional(),
        tpm: z.int().min(1).optional(),
      }),
    )
    .optional(),
  /** For keys and sessions that run away. */
  brake: z
    .strictObject({
      mode: z.enum(['flag', 'refuse', 'off']).optional(),
      spend_factor: z.number().min(2).optional(),
      floor_usd_per_minute: z.number().nonnegative().optional(),
      repeated_tool_calls: z.int().min(3).optional(),
    })
    .optional(),
  /** An OpenTelemetry collector that gets a span of each turn. */
  otlp: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/ }),
      headers: z.record(z.string().regex(/^[\w-]+$/, 'a header name'), z.string()).optional(),
      service_name: z.string().min(1).optional(),
    })
    .optional(),
  /** Told of alerts. */
  alerts: z
    .strictObject({ webhook_url: z.url({ protocol: /^https?$/ }), secret: z.string().min(16, 'at least 16 characters') })
    .optional(),
  serve: z.strictObject({ auth: z.enum(['loopback', 'always']).optional() }).optional(),
  /** Where serve pushes the ledger to. */
  hub: z
    .strictObject({
      url: z.string().check(({ value, issues }) => {
        const message = baseUrlFault(value, [])
        if (message !== null) issues.push({ code: 'custom', message, input: value })
      }),
      token: z.string().min(1),
      every_s: z.int().min(1).max(86_400).optional(),
    })
    .optional(),
})
export type ConfigFile = z.infer<typeof configFile>

/** One of several keys; a weight of 2 takes twice the calls. */
export interface ProviderKey {
  readonly apiKey: string
  readonly weight: number
}

/** Models of a provider that are elsewhere, or speak another wire. */
export interface ProviderBranch {
  /** Over the provider's own name of the model. */
  readonly models: RegExp
  readonly wire: 'anthropic' | 'openai'
  readonly baseUrl: string
  readonly auth: ProviderConfig['auth']
  /** Anthropic's wire as Vertex AI has it. */
  readonly vertex?: boolean
  /** Of Anthropic's, the ones it takes; absent = all. */
  readonly betas?: ReadonlySet<string>
}

/** One upstream, ready to be called. */
export interface ProviderConfig {
  readonly name: string
  readonly wire: 'anthropic' | 'openai' | 'demo'
  /** The preset it stands on, by name or by address: whose prices and model names apply. Absent = nobody's that we know. */
  readonly vendor?: string
  /** By the convention of the vendor's SDK (Anthropic: root; OpenAI: with /v1), no slash at the end. */
  readonly baseUrl: string
  /** The first that fits decides; absent = all are at `baseUrl`. */
  readonly branches?: readonly ProviderBranch[]
  /** Never logged, stored or answered. Absent = none needed. */
  readonly apiKey?: string
  /** Two or more, `apiKey` the first of them; absent = there is no choice. */
  readonly keyPool?: readonly ProviderKey[]
  readonly auth: 'x-api-key' | 'bearer' | 'google' | 'none'
  readonly headers: Readonly<Record<string, string>>
  readonly models: readonly string[]
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
  readonly replaysReasoning: boolean
  readonly streamOptions: boolean
  readonly safetyIdentifier: boolean
  readonly geminiDialect: boolean
  /** Speaks the Responses API too: a Responses client's bytes reach it as they are. Others get such a request translated. */
  readonly responses: boolean
  /** Clients' own logins go there in place of our key. */
  readonly clientLogins: boolean
}

export interface PriceOverride {
  /** Glob over canonical ids: `local:*`. */
  readonly pattern: string
  /** USD per million tokens. */
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  readonly cacheWrite1h?: number
  readonly webSearchPer1000?: number
}

export interface Limits {
  readonly bodyBytes: number
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
  readonly concurrentTurns: number
  /** Beyond the first attempt. */
  readonly maxRetries: number
  /** From one address; loopback is not counted. */
  readonly authFailuresPerMinute: number
}

export interface StepDown {
  /** Of a cap, 0 to 1. */
  readonly belowShare: number
  /** Canonical id → the model to take instead. */
  readonly models: Readonly<Record<string, string>>
}

/** An OIDC issuer whose tokens are taken. */
export interface IssuerConfig {
  readonly name: string
  /** Compared with `iss`, character by character. */
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audience: readonly string[]
  /** null = as the issuer's own discovery document says. */
  readonly jwksUrl: string | null
  readonly userClaim: string
  readonly teamClaim: string | null
  /** Users must have been made with `user add`. */
  readonly knownUsersOnly: boolean
  readonly workspace: string | null
  readonly allowedModels: readonly string[]
  readonly allowUnpriced: boolean
  /** Of each user. */
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
}

export interface PatternSettings {
  /** w of (1 − w) · success + w · cost efficiency. */
  readonly costWeight: number
  /** How many of the most similar turns are looked at. */
  readonly neighbours: number
  /** Fewer of a model say nothing of it. */
  readonly minSample: number
  /** 0 to 1. */
  readonly minConfidence: number
}

export interface Config {
  readonly providers: readonly ProviderConfig[]
  /** For whoever starts the gateway: what is there, and not used. */
  readonly warnings: readonly ConfigWarning[]
  readonly aliases: Readonly<Record<string, string>>
  readonly prices: readonly PriceOverride[]
  readonly fallbacks: Readonly<Record<string, readonly string[]>>
  readonly stepDown: StepDown | null
  /** null = off. */
  readonly patternRouting: PatternSettings | null
  readonly defaultModel: string | null
  readonly workspaceModels: Readonly<Record<string, string>>
  readonly limits: Limits
  readonly durability: 'standard' | 'strict'
  /** Beyond localhost, 127.0.0.1 and [::1]. */
  readonly allowedHosts: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly drainMs: number
  readonly keepAliveMs: number
  /** Project and branch of a client that names none may come from its own logs, where they are on this machine. */
  readonly sessionFiles: boolean
  readonly issuers: readonly IssuerConfig[]
  readonly brake: {
    /** flag: an event, nothing more. refuse: stopped until released. */
    readonly mode: 'flag' | 'refuse' | 'off'
    /** A minute this many times the median minute is out of proportion… */
    readonly spendFactor: number
    /** …unless it is below this. */
    readonly floorNanoUsd: number
    readonly repeatedToolCalls: number
  }
  /** null = no spans. The headers are never logged, stored or answered. */
  readonly otlp: {
    /** Without a slash at the end; spans go to `/v1/traces` below it. */
    readonly endpoint: string
    readonly headers: Readonly<Record<string, string>>
    readonly serviceName: string
  } | null
  /** null = alerts are events and nothing else. The secret is never logged, stored or answered. */
  readonly alerts: { readonly webhookUrl: string; readonly secret: string } | null
  readonly serveAuth: 'loopback' | 'always'
  readonly hub: { readonly url: string; readonly token: string; readonly everyMs: number } | null
}
