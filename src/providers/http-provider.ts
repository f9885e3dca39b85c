// The only upstream fetch: one provider over a wire. It builds the request from scratch (reliability.md §7: allow-lists both
// ways), sends it through the runtime's port, and hands on chunks.
import type { ModelCatalog, ModelRef } from '../catalog/models.ts'
import type { Limits, ProviderBranch, ProviderConfig } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import type { Shape, StreamChunk } from '../ir/stream.ts'
import type { EncodedRequest, ProviderQuirks, Protocol } from '../protocols/protocol.ts'
import type { Send, UpstreamResponse } from '../services.ts'
import { asGatewayError, upstreamBadResponse } from './failures.ts'
import type { AccessTokens } from './google-token.ts'
import { leased, type KeyPool, type Lease } from './key-pool.ts'
import type { Provider, ProviderAnswer } from './provider.ts'

/** One JSON answer, and one error body (reliability.md §3). */
const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
const ERROR_BODY_LIMIT_BYTES = 1024 * 1024

export interface HttpProviderParts {
  readonly config: ProviderConfig & Pick<ProviderBranch, 'betas'>
  /** Which wire to speak; only `demo` looks at the client's shape. */
  readonly protocolFor: (inbound: Shape) => Protocol
  readonly send: Send
  readonly models: ModelCatalog
  readonly limits: Limits
  /** null = one key, or none. */
  readonly pool: KeyPool | null
  /** In place of the key, which gets them. */
  readonly tokens?: AccessTokens
  /** `position` of the key, 1-based. */
  readonly onKeyRests?: (position: number, error: GatewayError) => void
}

export function createHttpProvider(parts: HttpProviderParts): Provider {
  const { config, protocolFor, send, models, limits, pool, tokens } = parts
  const credential = credentialOf(config, config.apiKey)
  const quirks = quirksOf(config)
  const headersBesideLogin = withoutCredentials(config.headers)
  const isForLogins =
    config.clientLogins && config.auth === 'none' && Object.keys(headersBesideLogin).length === Object.keys(config.headers).length

  /** Same wire, so that the vendor sees nothing but what the client sent. */
  function takesOwn(request: LanguageModelRequest): boolean {
    return request.ownCredential !== undefined && config.clientLogins && request.shape === protocolFor(request.shape).shape
  }

  /** The client's own affair, with the provider's own words: clients sign in again by them. */
  function ownRefused({ details }: GatewayError, body: string): GatewayError {
    const { upstream } = details
    const status = upstream?.status ?? 401
    const message = `The provider "${config.name}" refused the client's own login (HTTP ${status}): sign in again.`
    return new GatewayError('auth', 'own_credential_refused', message, {
      status,
      ...(upstream === undefined ? {} : { upstream: { ...upstream, body } }),
    })
  }

  /** Nothing broke: no key was there to be refused. It must not keep those away who bring a login of their own. */
  function loginWanted({ details }: GatewayError): GatewayError {
    const message = `The provider "${config.name}" is here for clients with a login of their own: send it beside the gateway key in x-metis-key.`
    return new GatewayError('auth', 'own_credential_refused', message, { ...details, status: 401 })
  }

  function encode(request: LanguageModelRequest, model: ModelRef, protocol: Protocol): EncodedRequest {
    const target = { provider: config.name, model: model.name, capabilities: models.capabilitiesOf(model), quirks }
    return protocol.client.encodeRequest(request, target)
  }

  async function post(
    path: string,
    call: EncodedRequest,
    request: LanguageModelRequest,
    lease: Lease | null,
    signal: AbortSignal,
  ): Promise<UpstreamResponse> {
    const isOwn = takesOwn(request)
    const token = isOwn || tokens === undefined ? undefined : await tokens.get(signal)
    const own = isOwn
      ? bearer(request.ownCredential)
      : token !== undefined
        ? bearer(token)
        : lease === null
          ? credential
          : credentialOf(config, lease.apiKey)
    const headers = isOwn ? headersBesideLogin : config.headers
    try {
      const response = await send(
        {
          url: config.baseUrl + path,
          method: 'POST',
          headers: { ...passedOn(request.source.headers), ...call.headers, ...headers, ...own, ...fixed(call) },
          body: call.body,
          connectMs: limits.connectMs,
          firstByteMs: limits.firstByteMs,
          idleMs: limits.idleMs,
        },
        signal,
      )
      if (response.status === 401 && token !== undefined) tokens?.refused(token)
      return response
    } catch (error) {
      throw asGatewayError(error)
    }
  }

  return {
    name: config.name,
    shape: protocolFor('openai').shape,
    takesOwn,

    async send(request, model, signal): Promise<ProviderAnswer> {
      if (pool === null || takesOwn(request)) return ask(request, model, null, signal)
      const lease = pool.take()
      try {
        const answer = await ask(request, model, lease, signal)
        return { ...answer, chunks: leased(answer.chunks, lease) }
      } catch (error) {
        if (error instanceof GatewayError && lease.failed(error)) parts.onKeyRests?.(lease.position, error)
        lease.release()
        throw error
      }
    },

    ...(pool === null
      ? {}
      : {
          canSwitchKey: ({ errorClass }: GatewayError, switches: number) =>
            (errorClass === 'rate_limit' || errorClass === 'auth') && switches < pool.size - 1 && pool.hasUsable(),
        }),

    async countTokens(request, model, signal) {
      const protocol = protocolFor(request.shape)
      if (protocol.shape !== 'anthropic' || request.shape !== 'anthropic') return null
      const call = encode(request, model, protocol)
      const lease = takesOwn(request) ? null : (pool?.take() ?? null)
      try {
        const response = await post(`/v1/messages/count_tokens${request.source.query ?? ''}`, call, request, lease, signal)
        if (response.status < 200 || response.status > 299) throw (await refusalOf(protocol, response, request)).error
        return { body: await collect(response.body, ANSWER_LIMIT_BYTES), headers: response.headers }
      } finally {
        lease?.release()
      }
    },
  }

  async function ask(
    request: LanguageModelRequest,
    model: ModelRef,
    lease: Lease | null,
    signal: AbortSignal,
  ): Promise<ProviderAnswer> {
    const protocol = protocolFor(request.shape)
    const call = encode(request, model, protocol)
    const response = await post(call.path, call, request, lease, signal)
    if (response.status < 200 || response.status > 299) {
      const { error, answer } = await refusalOf(protocol, response, request)
      if (answer === null) throw error
      return { headers: response.headers, warnings: call.warnings, streamed: false, chunks: only(answer) }
    }
    const streamed = isStream(response.headers.get('content-type') ?? '', call)
    const chunks = streamed ? protocol.client.decodeStream(response.body, call) : wholeAnswer(protocol, response, call)
    return { headers: response.headers, warnings: call.warnings, streamed, chunks }
  }

  /** The error that an answer without 2xx means, and the answer it may stand for to a client of another shape. */
  async function refusalOf(
    protocol: Protocol,
    response: UpstreamResponse,
    request: LanguageModelRequest,
  ): Promise<{ error: GatewayError; answer: StreamChunk | null }> {
    const body = await collect(response.body, ERROR_BODY_LIMIT_BYTES).then(decodeText, () => '')
    const answer = request.shape === protocol.shape ? null : (protocol.client.answerFromError?.(response.status, body) ?? null)
    const error = failureOf(protocol, response, body)
    if (error.code !== 'provider_auth_failed') return { error, answer }
    if (takesOwn(request)) return { error: ownRefused(error, body), answer }
    return { error: isForLogins ? loginWanted(error) : error, answer }
  }

  function failureOf(protocol: Protocol, response: UpstreamResponse, body: string): GatewayError {
    if (response.status < 400) {
      // A redirect would carry the key to another origin.
      return upstreamBadResponse(
        `The provider "${config.name}" answered with a redirect (${response.status}); check its base_url.`,
      )
    }
    const error = protocol.client.decodeError(response.status, response.headers, body)
    if (error.code !== 'provider_auth_failed') return error
    return new GatewayError(
      error.errorClass,
      error.code,
      `The provider "${config.name}" refused the gateway's own credential (${response.status}). Ask whoever runs the gateway to check that provider's api_key.`,
      error.details,
    )
  }
}

// A stream that was asked for is one under any name that says nothing else; some servers and proxies leave the right one out.
function isStream(contentType: string, call: EncodedRequest): boolean {
  return (
    contentType.includes('text/event-stream') || (call.stream && /^(?:text\/plain|application\/octet-stream|$)/.test(contentType))
  )
}

async function* only(chunk: StreamChunk): AsyncGenerator<StreamChunk> {
  yield chunk
}

async function* wholeAnswer(protocol: Protocol, response: UpstreamResponse, call: EncodedRequest): AsyncGenerator<StreamChunk> {
  yield protocol.client.decodeResponse(await collect(response.body, ANSWER_LIMIT_BYTES), call)
}

async function collect(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array> {
  const buffers: Uint8Array[] = []
  let size = 0
  for await (const bytes of body) {
    size += bytes.byteLength
    if (size > limitBytes) throw upstreamBadResponse(`The provider's answer is larger than ${limitBytes} bytes.`)
    buffers.push(bytes)
  }
  const [only] = buffers
  if (only !== undefined && buffers.length === 1) return only
  const whole = new Uint8Array(size)
  let offset = 0
  for (const bytes of buffers) {
    whole.set(bytes, offset)
    offset += bytes.byteLength
  }
  return whole
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** The client's headers that a provider may see; everything else stays here. */
const passedOnHeaders = ['idempotency-key', 'traceparent'] as const
const USER_AGENT_LIMIT = 256

function passedOn(client: Headers): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of passedOnHeaders) {
    const value = client.get(name)
    if (value !== null) headers[name] = value
  }
  const userAgent = client.get('user-agent')
  if (userAgent !== null) headers['user-agent'] = userAgent.slice(0, USER_AGENT_LIMIT)
  return headers
}

function fixed(call: EncodedRequest): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: call.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
  }
}

function credentialOf({ auth }: ProviderConfig, apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined || auth === 'none' || auth === 'google') return {}
  return auth === 'x-api-key' ? { 'x-api-key': apiKey } : { authorization: `Bearer ${apiKey}` }
}

/** What an operator wrote as a header may be a key, too: beside a client's login it would be asked to pay. */
function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:x-api-key|authorization)$/i.test(name)))
}

const bearer = (token = ''): Record<string, string> => ({ authorization: `Bearer ${token}` })

function quirksOf(config: HttpProviderParts['config']): ProviderQuirks {
  return {
    ...(config.maxTokensField === undefined ? {} : { maxTokensField: config.maxTokensField }),
    replaysReasoning: config.replaysReasoning,
    noStreamOptions: !config.streamOptions,
    safetyIdentifier: config.safetyIdentifier,
    geminiDialect: config.geminiDialect,
    ...(config.betas === undefined ? {} : { betas: config.betas }),
  }
}
