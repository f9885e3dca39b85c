// The built-in providers, one row per vendor: what a configuration need not say. Checked against the vendors' pages on 2026-11-23.
import type { AddressFromEnvironment, Preset } from '../config/preset.ts'
import { bedrockBetas, vertexBetas } from './cloud-betas.ts'

/**
 * Variables that begin with METIS_ come first: a shell that is set up for a client of the gateway holds a gateway token in the
 * vendor's own variable (quickstart §1).
 */
function keyVariables(...names: readonly string[]): readonly string[] {
  return [`METIS_${names[0]}`, ...names]
}

const openaiCompatible = { wire: 'openai', auth: 'bearer', maxTokensField: 'max_tokens' } as const
const local = { wire: 'openai', auth: 'none', keyVariables: [], maxTokensField: 'max_tokens' } as const

/** The portal shows it with and without the path. */
const azureAddress: AddressFromEnvironment = {
  needs: 'AZURE_OPENAI_ENDPOINT or AZURE_OPENAI_RESOURCE_NAME',
  names: ['AZURE_OPENAI_RESOURCE_NAME'],
  of(read) {
    const endpoint = read('AZURE_OPENAI_ENDPOINT')
      ?.replace(/\/+$/, '')
      .replace(/\/openai(\/v1)?$/, '')
    const resource = read('AZURE_OPENAI_RESOURCE_NAME')
    if (endpoint !== undefined) return `${endpoint}/openai/v1`
    return resource === undefined ? null : `https://${resource}.openai.azure.com/openai/v1`
  },
  hosts: /\.(openai|cognitiveservices|services\.ai)\.azure\.com$/,
}

function awsAddress(of: (region: string) => string): AddressFromEnvironment {
  return {
    needs: 'AWS_REGION',
    names: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    of(read) {
      const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION')
      return region === undefined ? null : of(region)
    },
    hosts: /^bedrock-(runtime|mantle)\.[a-z0-9-]+\.(amazonaws\.com|api\.aws)$/,
  }
}

function vertexAddress(path: string): AddressFromEnvironment {
  return {
    needs: 'GOOGLE_CLOUD_PROJECT',
    names: ['GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION'],
    of(read) {
      const project = read('GOOGLE_CLOUD_PROJECT')
      const location = read('GOOGLE_CLOUD_LOCATION') ?? 'global'
      return project === undefined ? null : `https://${vertexHost(location)}/v1/projects/${project}/locations/${location}${path}`
    },
    hosts: /^([a-z0-9-]+-)?aiplatform(\.[a-z]+\.rep)?\.googleapis\.com$/,
  }
}

/** Everywhere, in one of several regions, or in one. */
function vertexHost(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com'
  if (location === 'us' || location === 'eu') return `aiplatform.${location}.rep.googleapis.com`
  return `${location}-aiplatform.googleapis.com`
}

export const presets: readonly Preset[] = [
  {
    name: 'anthropic',
    wire: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    auth: 'x-api-key',
    keyVariables: keyVariables('ANTHROPIC_API_KEY'),
  },
  {
    name: 'openai',
    wire: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    auth: 'bearer',
    keyVariables: keyVariables('OPENAI_API_KEY'),
    // gpt-5 and the o-series refuse max_tokens.
    maxTokensField: 'max_completion_tokens',
    safetyIdentifier: true,
    responses: true,
  },
  {
    ...openaiCompatible,
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariables: keyVariables('OPENROUTER_API_KEY'),
  },
  {
    ...openaiCompatible,
    name: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    keyVariables: keyVariables('GEMINI_API_KEY', 'GOOGLE_API_KEY'),
    geminiDialect: true,
  },
  {
    name: 'azure-openai',
    wire: 'openai',
    // The v1 API: no api-version, and the model is the name of a deployment.
    baseUrl: azureAddress,
    auth: 'bearer',
    keyVariables: keyVariables('AZURE_OPENAI_API_KEY'),
    maxTokensField: 'max_completion_tokens',
    responses: true,
  },
  {
    ...openaiCompatible,
    name: 'bedrock',
    baseUrl: awsAddress((region) => `https://bedrock-runtime.${region}.amazonaws.com/openai/v1`),
    keyVariables: keyVariables('AWS_BEARER_TOKEN_BEDROCK'),
    maxTokensField: 'max_completion_tokens',
    // Each of the two endpoints refuses the other's names of Claude: profiles (`us.`, `global.`) at one, plain names at the other.
    branches: [
      {
        models: /^anthropic\./,
        wire: 'anthropic',
        auth: 'x-api-key',
        betas: bedrockBetas,
        baseUrl: awsAddress((region) => `https://bedrock-mantle.${region}.api.aws/anthropic`),
      },
      {
        models: /^[a-z-]+\.anthropic\./,
        wire: 'anthropic',
        auth: 'x-api-key',
        betas: bedrockBetas,
        baseUrl: awsAddress((region) => `https://bedrock-runtime.${region}.amazonaws.com/anthropic`),
      },
    ],
  },
  {
    ...openaiCompatible,
    name: 'vertex',
    baseUrl: vertexAddress('/endpoints/openapi'),
    auth: 'google',
    keyVariables: keyVariables('GOOGLE_APPLICATION_CREDENTIALS'),
    keyIsCommon: true,
    geminiDialect: true,
    branches: [
      {
        models: /^claude-/,
        wire: 'anthropic',
        vertex: true,
        auth: 'google',
        betas: vertexBetas,
        baseUrl: vertexAddress(''),
      },
    ],
  },
  {
    ...openaiCompatible,
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    keyVariables: keyVariables('GROQ_API_KEY'),
    // max_tokens is deprecated there.
    maxTokensField: 'max_completion_tokens',
  },
  {
    ...openaiCompatible,
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    keyVariables: keyVariables('MISTRAL_API_KEY'),
    // 422 "Extra inputs are not permitted" for include_usage; usage comes with the last chunk unasked.
    streamOptions: false,
  },
  {
    ...openaiCompatible,
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com/v1',
    keyVariables: keyVariables('DEEPSEEK_API_KEY'),
    // With tools, every earlier turn's reasoning_content must come back, else 400.
    replaysReasoning: true,
  },
  { ...openaiCompatible, name: 'xai', baseUrl: 'https://api.x.ai/v1', keyVariables: keyVariables('XAI_API_KEY') },
  {
    ...openaiCompatible,
    name: 'together',
    baseUrl: 'https://api.together.xyz/v1',
    keyVariables: keyVariables('TOGETHER_API_KEY'),
  },
  {
    ...openaiCompatible,
    name: 'fireworks',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyVariables: keyVariables('FIREWORKS_API_KEY'),
  },
  {
    ...openaiCompatible,
    name: 'cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    keyVariables: keyVariables('CEREBRAS_API_KEY'),
    maxTokensField: 'max_completion_tokens',
  },
  {
    ...openaiCompatible,
    name: 'moonshot',
    baseUrl: 'https://api.moonshot.ai/v1',
    keyVariables: keyVariables('MOONSHOT_API_KEY'),
    maxTokensField: 'max_completion_tokens',
    // "thinking is enabled but reasoning_content is missing in assistant tool call message" otherwise.
    replaysReasoning: true,
  },
  { ...openaiCompatible, name: 'zai', baseUrl: 'https://api.z.ai/api/paas/v4', keyVariables: keyVariables('ZAI_API_KEY') },
  { ...local, name: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1', baseUrlVariable: 'OLLAMA_BASE_URL' },
  { ...local, name: 'lmstudio', baseUrl: 'http://127.0.0.1:1234/v1', baseUrlVariable: 'LMSTUDIO_BASE_URL' },
  { ...local, name: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1', baseUrlVariable: 'VLLM_BASE_URL' },
  // Answers from inside the process; the address is never called.
  { name: 'demo', wire: 'demo', baseUrl: 'http://demo.invalid', auth: 'none', keyVariables: [] },
]
