import { describe, expect, it } from 'vitest'
import { baseUrlFault } from '../../src/config/base-url.ts'
import { addressOf } from '../../src/config/preset.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { presets } from '../../src/providers/presets.ts'

/** What the addresses of the rows that have none of their own are made of. */
const places = { AZURE_OPENAI_RESOURCE_NAME: 'contoso', AWS_REGION: 'us-east-1', GOOGLE_CLOUD_PROJECT: 'acme' }

describe('presets', () => {
  it('are the vendors of the contract', () => {
    const named =
      'anthropic openai openrouter gemini azure-openai bedrock vertex groq mistral deepseek xai together fireworks cerebras moonshot zai ollama lmstudio vllm demo'
    expect(presets.map(({ name }) => name)).toEqual(named.split(' '))
  })

  it.each(presets.map((preset) => [preset.name, preset] as const))(
    '%s has an address that may be called, without a slash at the end',
    (_, preset) => {
      const address = addressOf(preset, places) ?? ''
      expect(address).not.toMatch(/\/$/)
      if (preset.wire !== 'demo') expect(baseUrlFault(address, ['http://127.0.0.1:8422', 'http://127.0.0.1:8421'])).toBeNull()
    },
  )

  it('take a key only where one is needed, and never from a client’s address variable', () => {
    for (const preset of presets) {
      expect(preset.keyVariables.length > 0).toBe(preset.auth !== 'none')
      expect(['ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL']).not.toContain(preset.baseUrlVariable)
    }
  })

  it('have the quirks of those vendors alone who need them', () => {
    expect(presets.filter((preset) => preset.safetyIdentifier).map(({ name }) => name)).toEqual(['openai'])
    expect(presets.filter((preset) => preset.replaysReasoning).map(({ name }) => name)).toEqual(['deepseek', 'moonshot'])
    expect(presets.filter((preset) => preset.geminiDialect).map(({ name }) => name)).toEqual(['gemini', 'vertex'])
    expect(presets.filter((preset) => preset.streamOptions === false).map(({ name }) => name)).toEqual(['mistral'])
  })
})

describe('an address of the environment', () => {
  const azure = (env: Record<string, string>) => resolveConfig({ file: null, env, presets }).providers
  const v1 = 'https://contoso.openai.azure.com/openai/v1'

  it.each([
    [{ AZURE_OPENAI_RESOURCE_NAME: 'contoso' }, v1],
    [{ AZURE_OPENAI_ENDPOINT: 'https://contoso.openai.azure.com' }, v1],
    [{ AZURE_OPENAI_ENDPOINT: 'https://contoso.openai.azure.com/' }, v1],
    [{ AZURE_OPENAI_ENDPOINT: 'https://contoso.openai.azure.com/openai/v1/' }, v1],
    [
      { AZURE_OPENAI_ENDPOINT: 'https://c.services.ai.azure.com', AZURE_OPENAI_RESOURCE_NAME: 'other' },
      'https://c.services.ai.azure.com/openai/v1',
    ],
  ])('%j is %s', (env, baseUrl) => {
    expect(azure({ AZURE_OPENAI_API_KEY: 'k', ...env })).toMatchObject([
      { name: 'azure-openai', vendor: 'azure-openai', baseUrl, auth: 'bearer', apiKey: 'k', responses: true },
    ])
  })

  it('alone makes no provider and no fault', () => {
    expect(azure({ AZURE_OPENAI_ENDPOINT: 'https://contoso.openai.azure.com', AZURE_OPENAI_API_KEY: '' })).toEqual([])
  })

  it('is named when only the key is there', () => {
    const { providers, warnings } = resolveConfig({ file: null, env: { AZURE_OPENAI_API_KEY: 'k' }, presets })
    expect(providers).toEqual([])
    expect(warnings).toEqual([
      {
        message: 'azure-openai is left out: AZURE_OPENAI_API_KEY is set, but not where it is',
        mend: expect.stringContaining('AZURE_OPENAI_ENDPOINT or AZURE_OPENAI_RESOURCE_NAME'),
      },
    ])
  })

  it('is asked for by a file that names the provider and no address', () => {
    const file = { providers: { 'azure-openai': { api_key: 'k' } } }
    expect(() => resolveConfig({ file, env: {}, presets })).toThrow(/providers\.azure-openai\.base_url.*AZURE_OPENAI_ENDPOINT/)
  })

  it('that cannot be called is a fault of the variable', () => {
    expect(() => azure({ AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'http://contoso.openai.azure.com' })).toThrow(
      /AZURE_OPENAI_ENDPOINT.*must be https/,
    )
  })

  it.each([
    ['AZURE_OPENAI_RESOURCE_NAME', 'https://contoso.openai.azure.com', 'azure-openai'],
    ['AWS_REGION', 'example.com/', 'bedrock'],
    ['AWS_DEFAULT_REGION', 'example.com#', 'bedrock'],
    ['GOOGLE_CLOUD_LOCATION', 'a@example.com/', 'vertex'],
    ['GOOGLE_CLOUD_PROJECT', 'acme/../other', 'vertex'],
  ])('%s cannot lead a key to another host', (variable, value, name) => {
    const keys = { AZURE_OPENAI_API_KEY: 'k', AWS_BEARER_TOKEN_BEDROCK: 'k', GOOGLE_APPLICATION_CREDENTIALS: '{}' }
    const fault = new RegExp(`${variable}: must be a name`)
    expect(() => resolveConfig({ file: null, env: { ...keys, [variable]: value }, presets })).toThrow(fault)
    const file = { providers: { [name]: { auth: 'none', headers: { authorization: 'k' } } } }
    expect(() => resolveConfig({ file, env: { [variable]: value }, presets })).toThrow(fault)
  })

  it('tells the vendor of a provider under another name', () => {
    const file = { providers: { west: { wire: 'openai', base_url: 'https://west.openai.azure.com/openai/v1', api_key: 'k' } } }
    expect(resolveConfig({ file, env: {}, presets }).providers).toMatchObject([{ name: 'west', vendor: 'azure-openai' }])
  })
})
