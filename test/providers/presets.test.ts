import { describe, expect, it } from 'vitest'
import { baseUrlFault } from '../../src/config/base-url.ts'
import { presets } from '../../src/providers/presets.ts'

describe('presets', () => {
  it('are the vendors of the contract', () => {
    const named =
      'anthropic openai openrouter groq mistral deepseek xai together fireworks cerebras moonshot zai ollama lmstudio vllm demo'
    expect(presets.map(({ name }) => name)).toEqual(named.split(' '))
  })

  it.each(presets.map((preset) => [preset.name, preset] as const))(
    '%s has an address that may be called, without a slash at the end',
    (_, preset) => {
      expect(preset.baseUrl).not.toMatch(/\/$/)
      if (preset.wire !== 'demo')
        expect(baseUrlFault(preset.baseUrl, ['http://127.0.0.1:8422', 'http://127.0.0.1:8421'])).toBeNull()
    },
  )

  it('take a key only where one is needed, and never from a client’s address variable', () => {
    for (const preset of presets) {
      expect(preset.keyVariables.length > 0).toBe(preset.auth !== 'none')
      expect(['ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL']).not.toContain(preset.baseUrlVariable)
    }
  })

  it('send safety_identifier to OpenAI only, replay reasoning to DeepSeek and Moonshot only', () => {
    expect(presets.filter((preset) => preset.safetyIdentifier).map(({ name }) => name)).toEqual(['openai'])
    expect(presets.filter((preset) => preset.replaysReasoning).map(({ name }) => name)).toEqual(['deepseek', 'moonshot'])
    expect(presets.filter((preset) => preset.streamOptions === false).map(({ name }) => name)).toEqual(['mistral'])
  })
})
