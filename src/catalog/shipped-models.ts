// The models we list and the short names we ship, by vendor. Listing is for /v1/models and for bare names; a model that is not
// here works all the same when it is named. A test holds every row to the price list.

export interface ShippedModel {
  readonly name: string
  readonly displayName: string
  /** Day of release, ISO, where the vendor's id or page names it. */
  readonly released?: string
}

function model(name: string, displayName: string, released?: string): ShippedModel {
  return released === undefined ? { name, displayName } : { name, displayName, released }
}

/** On both of Google's APIs. */
const gemini: readonly ShippedModel[] = [
  model('gemini-3.8-flash', 'Gemini 3.8 Flash'),
  model('gemini-3.5-flash', 'Gemini 3.5 Flash'),
  model('gemini-3.5-flash-lite', 'Gemini 3.5 Flash-Lite'),
  model('gemini-3.1-pro-preview', 'Gemini 3.1 Pro'),
  model('gemini-2.5-pro', 'Gemini 2.5 Pro', '2025-06-17'),
  model('gemini-2.5-flash', 'Gemini 2.5 Flash', '2025-06-17'),
]

/** By preset name. */
export const shippedModels: ReadonlyMap<string, readonly ShippedModel[]> = mapOf({
  anthropic: [
    model('claude-fable-5-1', 'Claude Fable 5.1'),
    model('claude-opus-5-5', 'Claude Opus 5.5'),
    model('claude-opus-5', 'Claude Opus 5', '2026-07-24'),
    model('claude-opus-4-8', 'Claude Opus 4.8'),
    model('claude-opus-4-7', 'Claude Opus 4.7'),
    model('claude-opus-4-6', 'Claude Opus 4.6', '2026-02-05'),
    model('claude-sonnet-5-5', 'Claude Sonnet 5.5'),
    model('claude-sonnet-5', 'Claude Sonnet 5'),
    model('claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-17'),
    model('claude-sonnet-4-5', 'Claude Sonnet 4.5', '2025-09-29'),
    model('claude-haiku-5-5', 'Claude Haiku 5.5', '2026-10-07'),
    model('claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-01'),
  ],
  openai: [
    model('gpt-6-astra', 'GPT-6 Astra'),
    model('gpt-6-sol', 'GPT-6 Sol'),
    model('gpt-6-luna', 'GPT-6 Luna'),
    model('gpt-5.6', 'GPT-5.6'),
    model('gpt-5.5', 'GPT-5.5', '2026-04-23'),
    model('gpt-5.4', 'GPT-5.4', '2026-03-05'),
    model('gpt-5.4-mini', 'GPT-5.4 mini', '2026-03-17'),
    model('gpt-5.4-nano', 'GPT-5.4 nano', '2026-03-17'),
    model('gpt-5', 'GPT-5', '2025-08-07'),
    model('gpt-5-mini', 'GPT-5 mini', '2025-08-07'),
    model('gpt-5-nano', 'GPT-5 nano', '2025-08-07'),
    model('gpt-4.1', 'GPT-4.1', '2025-04-14'),
    model('gpt-4.1-mini', 'GPT-4.1 mini', '2025-04-14'),
    model('gpt-4o', 'GPT-4o', '2024-08-06'),
    model('gpt-4o-mini', 'GPT-4o mini', '2024-07-18'),
    model('o3', 'o3', '2025-04-16'),
    model('o4-mini', 'o4-mini', '2025-04-16'),
  ],
  openrouter: [
    model('anthropic/claude-sonnet-4.6', 'Claude Sonnet 4.6', '2026-02-17'),
    model('anthropic/claude-haiku-4.5', 'Claude Haiku 4.5', '2025-10-01'),
    model('openai/gpt-5-mini', 'GPT-5 mini', '2025-08-07'),
    model('google/gemini-3.1-pro-preview', 'Gemini 3.1 Pro'),
    model('google/gemini-3.5-flash', 'Gemini 3.5 Flash'),
    model('moonshotai/kimi-k3', 'Kimi K3'),
  ],
  gemini,
  // Deployments have the names that their owner gave them.
  'azure-openai': [],
  bedrock: [
    model('anthropic.claude-opus-5-5', 'Claude Opus 5.5'),
    model('anthropic.claude-opus-4-8', 'Claude Opus 4.8'),
    model('anthropic.claude-sonnet-5', 'Claude Sonnet 5'),
    model('anthropic.claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-01'),
    model('openai.gpt-oss-120b-1:0', 'gpt-oss 120B', '2025-08-05'),
    model('openai.gpt-oss-20b-1:0', 'gpt-oss 20B', '2025-08-05'),
    model('qwen.qwen3-coder-480b-a35b-v1:0', 'Qwen3 Coder 480B'),
  ],
  // With the publisher before the name.
  vertex: gemini.map(({ name, displayName, released }) => model(`google/${name}`, displayName, released)),
  groq: [
    model('openai/gpt-oss-120b', 'gpt-oss 120B', '2025-08-05'),
    model('openai/gpt-oss-20b', 'gpt-oss 20B', '2025-08-05'),
    model('llama-3.3-70b-versatile', 'Llama 3.3 70B', '2024-12-06'),
    model('llama-3.1-8b-instant', 'Llama 3.1 8B', '2024-07-23'),
    model('qwen/qwen3-32b', 'Qwen3 32B', '2025-04-28'),
  ],
  mistral: [
    model('mistral-large-2512', 'Mistral Large 3', '2025-12-02'),
    model('mistral-medium-latest', 'Mistral Medium'),
    model('mistral-small-2603', 'Mistral Small 4'),
    model('codestral-2508', 'Codestral'),
    model('devstral-2512', 'Devstral 2'),
  ],
  deepseek: [model('deepseek-v4-pro', 'DeepSeek V4 Pro'), model('deepseek-v4-flash', 'DeepSeek V4 Flash')],
  xai: [
    model('grok-4.6', 'Grok 4.6'),
    model('grok-4.5', 'Grok 4.5'),
    model('grok-code-fast-1', 'Grok Code Fast 1', '2025-08-28'),
  ],
  together: [],
  fireworks: [
    model('accounts/fireworks/models/kimi-k3', 'Kimi K3'),
    model('accounts/fireworks/models/deepseek-v4-pro', 'DeepSeek V4 Pro'),
    model('accounts/fireworks/models/gpt-oss-120b', 'gpt-oss 120B', '2025-08-05'),
  ],
  cerebras: [model('gpt-oss-120b', 'gpt-oss 120B', '2025-08-05')],
  moonshot: [model('kimi-k3', 'Kimi K3'), model('kimi-k2.6', 'Kimi K2.6')],
  zai: [model('glm-5.3', 'GLM 5.3'), model('glm-5.3-flash', 'GLM 5.3 Flash')],
  demo: [
    model('haiku', 'Demo, priced as Claude Haiku'),
    model('sonnet', 'Demo, priced as Claude Sonnet'),
    model('opus', 'Demo, priced as Claude Opus'),
    model('gpt-mini', 'Demo, priced as GPT-5 mini'),
    model('slow', 'Demo that takes its time'),
    model('fail-429', 'Demo that is rate limited'),
    model('fail-500', 'Demo that fails'),
    model('fail-mid', 'Demo that breaks off'),
  ],
})

/** Short name → who serves it, in order of preference: the first one whose vendor is configured. */
export const shippedAliases: ReadonlyMap<string, readonly string[]> = mapOf({
  haiku: ['anthropic:claude-haiku-4-5', 'openrouter:anthropic/claude-haiku-4.5', 'bedrock:anthropic.claude-haiku-4-5'],
  sonnet: ['anthropic:claude-sonnet-5-5', 'openrouter:anthropic/claude-sonnet-4.6', 'bedrock:anthropic.claude-sonnet-5'],
  opus: ['anthropic:claude-opus-5-5', 'bedrock:anthropic.claude-opus-5-5'],
  fable: ['anthropic:claude-fable-5-1'],
  gpt: ['openai:gpt-6-sol'],
  'gpt-mini': ['openai:gpt-5-mini', 'openrouter:openai/gpt-5-mini'],
  'gpt-nano': ['openai:gpt-5-nano'],
  gemini: ['gemini:gemini-3.1-pro-preview', 'vertex:google/gemini-3.1-pro-preview', 'openrouter:google/gemini-3.1-pro-preview'],
  'gemini-flash': ['gemini:gemini-3.8-flash', 'vertex:google/gemini-3.8-flash', 'openrouter:google/gemini-3.5-flash'],
  grok: ['xai:grok-4.6'],
  deepseek: ['deepseek:deepseek-v4-pro', 'fireworks:accounts/fireworks/models/deepseek-v4-pro'],
  kimi: ['moonshot:kimi-k3', 'openrouter:moonshotai/kimi-k3', 'fireworks:accounts/fireworks/models/kimi-k3'],
  glm: ['zai:glm-5.3'],
  mistral: ['mistral:mistral-large-2512'],
  codestral: ['mistral:codestral-2508'],
  'gpt-oss': ['groq:openai/gpt-oss-120b', 'cerebras:gpt-oss-120b', 'fireworks:accounts/fireworks/models/gpt-oss-120b'],
})

/** Clients choose the names these are asked for: an object would answer to `constructor`. */
function mapOf<Value>(rows: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(rows))
}

/** Whose model a bare name is, for names the list above does not hold: dated versions, and what comes out tomorrow. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^claude-/, 'anthropic'],
  [/^(gpt-(?!oss)|chatgpt-|o\d|codex-|text-embedding-|ft:)/, 'openai'],
  [/^(mistral|ministral|codestral|devstral|magistral|pixtral|voxtral)-/, 'mistral'],
  [/^gemini-/, 'gemini'],
  [/^deepseek-/, 'deepseek'],
  [/^grok-/, 'xai'],
  [/^(kimi|moonshot)-/, 'moonshot'],
  [/^glm-/i, 'zai'],
]

/** null = nobody's that we know. */
export function vendorOf(name: string): string | null {
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? null
}
