import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/errors.ts'
import { resolveConfig, type ConfigSources } from '../../src/config/resolve.ts'
import { presets } from '../../src/providers/presets.ts'

function resolve(file: unknown, env: Record<string, string> = {}, rest: Partial<ConfigSources> = {}) {
  return resolveConfig({ file, env, presets, ...rest })
}

function faultsOf(file: unknown, env: Record<string, string> = {}, rest: Partial<ConfigSources> = {}) {
  try {
    resolve(file, env, rest)
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  throw new Error('nothing was refused')
}

const nothing = { ANTHROPIC_API_KEY: '', OPENAI_API_KEY: '' }

describe('providers from the environment', () => {
  it('appear by themselves when their key is there, in the presets’ order', () => {
    const config = resolve(null, { GROQ_API_KEY: 'gsk_1', ANTHROPIC_API_KEY: 'sk-ant-1' })
    expect(config.providers.map(({ name, apiKey }) => [name, apiKey])).toEqual([
      ['anthropic', 'sk-ant-1'],
      ['groq', 'gsk_1'],
    ])
  })

  it('are none without a key, and an empty variable is no key', () => {
    expect(resolve(undefined, nothing).providers).toEqual([])
  })

  it('never take their address from ANTHROPIC_BASE_URL or OPENAI_BASE_URL, which are the clients’', () => {
    const config = resolve(null, { ANTHROPIC_API_KEY: 'sk-ant-1', ANTHROPIC_BASE_URL: 'http://127.0.0.1:8422' })
    expect(config.providers[0]?.baseUrl).toBe('https://api.anthropic.com')
  })

  it('prefer METIS_ANTHROPIC_API_KEY, so that a shell set up for a client can start the gateway', () => {
    const config = resolve(null, { ANTHROPIC_API_KEY: 'gw_01J', METIS_ANTHROPIC_API_KEY: 'sk-ant-1' })
    expect(config.providers[0]?.apiKey).toBe('sk-ant-1')
  })

  it('refuse a gateway token as a provider’s key, and say how to start instead', () => {
    const [issue] = faultsOf(null, { ANTHROPIC_API_KEY: 'gw_01JSECRET', ANTHROPIC_BASE_URL: 'http://127.0.0.1:8422' })
    expect(issue?.path).toBe('ANTHROPIC_API_KEY')
    expect(issue?.message).toContain('env -u ANTHROPIC_API_KEY metis-gateway')
    expect(issue?.message).toContain('METIS_ANTHROPIC_API_KEY')
    expect(issue?.message).not.toContain('01JSECRET')
  })

  it('are local servers only when their address is set', () => {
    expect(resolve(null, { OLLAMA_BASE_URL: 'http://ollama:11434/v1/' }).providers).toMatchObject([
      { name: 'ollama', baseUrl: 'http://ollama:11434/v1', auth: 'none' },
    ])
  })
})

describe('providers from the file', () => {
  it('take the example of the contract as it stands', () => {
    const config = resolve(
      {
        providers: {
          anthropic: { wire: 'anthropic', base_url: 'https://api.anthropic.com', api_key: '${ANTHROPIC_API_KEY}' },
          openai: { wire: 'openai', base_url: 'https://api.openai.com/v1', api_key: '${OPENAI_API_KEY}' },
          local: { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1' },
        },
        aliases: { haiku: 'anthropic:claude-haiku-4-5', fast: 'local:qwen3' },
        prices: { 'local:*': { input: 0, output: 0 } },
        fallbacks: { 'anthropic:claude-sonnet-4-6': ['openrouter:anthropic/claude-sonnet-4.6'] },
        default_model: 'anthropic:claude-haiku-4-5',
        limits: { body_bytes: 33554432, connect_ms: 10000, first_byte_ms: 600000, idle_ms: 300000 },
      },
      { ANTHROPIC_API_KEY: 'sk-ant-1', OPENAI_API_KEY: 'sk-1' },
    )
    expect(config.providers.map(({ name, wire, auth, vendor }) => ({ name, wire, auth, vendor }))).toEqual([
      { name: 'anthropic', wire: 'anthropic', auth: 'x-api-key', vendor: 'anthropic' },
      { name: 'openai', wire: 'openai', auth: 'bearer', vendor: 'openai' },
      { name: 'local', wire: 'openai', auth: 'none', vendor: undefined },
    ])
    expect(config.prices).toEqual([{ pattern: 'local:*', input: 0, output: 0 }])
    expect(config.defaultModel).toBe('anthropic:claude-haiku-4-5')
  })

  it('need only a name when a preset has the rest', () => {
    expect(resolve({ providers: { ollama: {} } }).providers[0]).toMatchObject({
      wire: 'openai',
      baseUrl: 'http://127.0.0.1:11434/v1',
      auth: 'none',
    })
  })

  it.each([
    ['Anthropic itself', { wire: 'anthropic', base_url: 'https://api.anthropic.com' }, true],
    [
      'Anthropic, where the file says no',
      { wire: 'anthropic', base_url: 'https://api.anthropic.com', client_logins: false },
      false,
    ],
    ['Anthropic by the OpenAI wire', { wire: 'openai', base_url: 'https://api.anthropic.com/v1' }, false],
    ['a server in between', { wire: 'anthropic', base_url: 'https://models.example.com' }, false],
    ['a server whose name only begins so', { wire: 'anthropic', base_url: 'https://api.anthropic.com.example.com' }, false],
    ['another port', { wire: 'anthropic', base_url: 'https://api.anthropic.com:8443' }, false],
    [
      'a server that the file names for it',
      { wire: 'anthropic', base_url: 'https://models.example.com', client_logins: true },
      true,
    ],
  ])('send clients’ logins to %s: %#', (_, row, clientLogins) => {
    expect(resolve({ providers: { work: { ...row, api_key: 'sk-1' } } }).providers[0]).toMatchObject({ clientLogins })
    const { base_url, client_logins } = { client_logins: undefined, ...row }
    if (row.wire !== 'anthropic') return
    const named = { base_url, ...(client_logins === undefined ? {} : { client_logins }), api_key: 'sk-1' }
    expect(resolve({ providers: { anthropic: named } }).providers[0]).toMatchObject({ clientLogins })
  })

  it('know a vendor under another name by its address', () => {
    const file = { providers: { work: { wire: 'anthropic', base_url: 'https://api.anthropic.com', api_key: 'sk-ant-2' } } }
    expect(
      resolve(file, { ANTHROPIC_API_KEY: 'sk-ant-1' }).providers.map(({ name, vendor, apiKey }) => [name, vendor, apiKey]),
    ).toEqual([
      ['work', 'anthropic', 'sk-ant-2'],
      ['anthropic', 'anthropic', 'sk-ant-1'],
    ])
  })

  it('let the file’s quirks win over the preset’s', () => {
    const file = { providers: { mistral: { api_key: 'k', stream_options: true, max_tokens_field: 'max_completion_tokens' } } }
    expect(resolve(file).providers[0]).toMatchObject({ streamOptions: true, maxTokensField: 'max_completion_tokens' })
  })
})

describe('demo', () => {
  it('stands beside the others when asked for', () => {
    expect(resolve(null, { OPENAI_API_KEY: 'sk-1' }, { demo: true }).providers.map(({ name }) => name)).toEqual([
      'openai',
      'demo',
    ])
  })

  it('stands alone with "only", whatever the shell holds, a gateway token too', () => {
    const config = resolve({ providers: { groq: {} } }, { ANTHROPIC_API_KEY: 'gw_01J' }, { demo: 'only' })
    expect(config.providers.map(({ name, wire }) => [name, wire])).toEqual([['demo', 'demo']])
  })
})

describe('faults name their place and what is allowed there', () => {
  const cases: readonly [string, unknown, string, RegExp][] = [
    ['an unknown setting', { provders: {} }, 'provders', /no such setting; allowed here: providers, aliases/],
    [
      'an unknown setting of a provider',
      { providers: { groq: { api_kye: 'x' } } },
      'providers.groq.api_kye',
      /allowed here: wire, base_url, api_key/,
    ],
    ['an unknown limit', { limits: { body: 1 } }, 'limits.body', /allowed here: body_bytes/],
    ['a wrong wire', { providers: { x: { wire: 'grpc' } } }, 'providers.x.wire', /"anthropic"\|"openai"/],
    ['a provider name with capitals', { providers: { Groq: {} } }, 'providers.Groq', /lower-case/],
    ['a custom provider without a wire', { providers: { x: { base_url: 'https://x.test' } } }, 'providers.x.wire', /missing/],
    ['a custom provider without an address', { providers: { x: { wire: 'openai' } } }, 'providers.x.base_url', /missing/],
    ['a preset without a key', { providers: { groq: {} } }, 'providers.groq.api_key', /GROQ_API_KEY/],
    ['a variable that is not set', { providers: { groq: { api_key: '${NOPE}' } } }, 'providers.groq.api_key', /NOPE is not set/],
    ['a gateway token', { providers: { groq: { api_key: 'gw_01J' } } }, 'providers.groq.api_key', /gateway token/],
    [
      'a gateway token in a header',
      { providers: { ollama: { headers: { authorization: 'Bearer gw_01J' } } } },
      'providers.ollama.headers.authorization',
      /gateway token/,
    ],
    [
      'a header in two lines',
      { providers: { ollama: { headers: { 'x-a': 'b\r\nc: d' } } } },
      'providers.ollama.headers.x-a',
      /one line/,
    ],
    [
      'plain http to the world',
      { providers: { x: { wire: 'openai', base_url: 'http://api.example.com/v1' } } },
      'providers.x.base_url',
      /must be https/,
    ],
    [
      'the gateway itself',
      { providers: { x: { wire: 'openai', base_url: 'http://localhost:8422/v1' } } },
      'providers.x.base_url',
      /gateway itself/,
    ],
    ['a negative price', { prices: { 'local:*': { input: -1, output: 0 } } }, 'prices.local:*.input', />=0/],
    ['an alias to no provider', { aliases: { fast: 'nowhere:x' } }, 'aliases.fast', /no provider "nowhere"/],
    [
      'a fallback to no provider',
      { fallbacks: { 'anthropic:a': ['nowhere:x'] } },
      'fallbacks.anthropic:a.0',
      /no provider "nowhere"/,
    ],
    ['aliases in a circle', { aliases: { a: 'b', b: 'a' } }, 'aliases.a', /a → b → a/],
    [
      'the reserved name',
      { providers: { metis: { wire: 'openai', base_url: 'https://x.test' } } },
      'providers.metis',
      /choose another/,
    ],
    ['a demo with an address', { providers: { demo: { base_url: 'https://x.test' } } }, 'providers.demo.base_url', /built-in/],
    ['a list instead of a map', [], '', /expected object/],
  ]
  it.each(cases)('%s', (_, file, path, message) => {
    const issues = faultsOf(file, {}, { selfOrigins: ['http://127.0.0.1:8422'] })
    expect(issues.map((issue) => issue.path)).toContain(path)
    expect(issues.find((issue) => issue.path === path)?.message).toMatch(message)
  })

  it('tells all of them at once', () => {
    expect(faultsOf({ nope: 1, limits: { idle_ms: 0 } }).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['nope', 'limits.idle_ms']),
    )
  })
})

describe('model names', () => {
  it('may point to a preset that has no key here: the example file names several vendors', () => {
    expect(resolve({ aliases: { s: 'openrouter:anthropic/claude-sonnet-4.6' } }).aliases).toEqual({
      s: 'openrouter:anthropic/claude-sonnet-4.6',
    })
  })

  it('may be bare, virtual, or an alias', () => {
    const aliases = { a: 'gpt-5-mini', b: 'metis://cheap', c: 'a' }
    expect(resolve({ aliases }).aliases).toEqual(aliases)
  })
})

describe('pattern routing', () => {
  it('is off until it is switched on, whatever else is written of it', () => {
    expect(resolve(null).patternRouting).toBeNull()
    expect(resolve({ pattern_routing: { enabled: false, cost_weight: 1 } }).patternRouting).toBeNull()
  })

  it('counts success nine times as much as cost unless told otherwise', () => {
    const usual = { costWeight: 0.1, neighbours: 25, minSample: 5, minConfidence: 0.25 }
    expect(resolve({ pattern_routing: { enabled: true } }).patternRouting).toEqual(usual)
    const written = { enabled: true, cost_weight: 0, neighbours: 9, min_sample: 2, min_confidence: 0 }
    expect(resolve({ pattern_routing: written }).patternRouting).toEqual({
      costWeight: 0,
      neighbours: 9,
      minSample: 2,
      minConfidence: 0,
    })
  })

  it.each([{ cost_weight: 1.1 }, { min_confidence: -1 }, { neighbours: 0 }, { min_sample: 1.5 }])('refuses %o', (fault) => {
    expect(faultsOf({ pattern_routing: { enabled: true, ...fault } })[0]?.path).toBe(`pattern_routing.${Object.keys(fault)[0]}`)
  })
})
