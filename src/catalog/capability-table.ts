// What each family of models takes, as a table from name to capabilities. The newest behaviour of a family comes first among
// its rows' fallbacks, so that a model released tomorrow works today; older models are the named exceptions.
// Sources: vendors' model pages read 2026-11-23, and the notes in translation.md §0 and §2.
import type { Effort } from '../ir/request.ts'
import type { ModelCapabilities } from './capabilities.ts'

type Wire = 'anthropic' | 'openai' | 'demo'

/** @param name the provider's own name, with or without a vendor's path before it */
export function capabilitiesOf(wire: Wire, name: string): ModelCapabilities {
  if (wire === 'demo') return demo
  const plain = plainName(name)
  const row = table.find(([pattern]) => pattern.test(plain))
  const found = row === undefined ? unknownOf(wire) : row[1]
  // Behind an OpenAI wire a Claude thinks by `reasoning_effort`, and Anthropic's own fields do not exist.
  if (wire === 'openai' && found.midConversationSystem === false) return { ...found, midConversationSystem: true }
  return found
}

/** `us.anthropic.claude-opus-4-8`, `openai.gpt-oss-120b-1:0` */
const bedrockPrefix =
  /^(?:[a-z]+(?:-[a-z]+)?\.)?(?:amazon|anthropic|deepseek|google|meta|minimax|mistral|moonshotai|moonshot|nvidia|openai|qwen|writer|xai|zai)\./

/** `anthropic/claude-opus-4.8:beta`, `accounts/fireworks/models/glm-5p3` and `claude-opus-4-8[1m]` by the family's own spelling. */
function plainName(name: string): string {
  const last = name.toLowerCase().slice(name.lastIndexOf('/') + 1)
  const bare = last
    .replace(bedrockPrefix, '')
    .replace(/\[\d+[mk]\]$/, '')
    .replace(/@\d+$/, '')
  return bare.startsWith('claude-') ? bare.replaceAll('.', '-') : bare.replace(/(?<=\d)p(?=\d)/g, '.')
}

const upToHigh: readonly Effort[] = ['low', 'medium', 'high']
const upToMax: readonly Effort[] = ['low', 'medium', 'high', 'max']
const upToXhighMax: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max']

/** Claude from Opus 4.7 on: adaptive thinking only, no sampling, no prefill. */
const claude: ModelCapabilities = {
  contextWindow: 1_000_000,
  maxOutput: 128_000,
  vision: true,
  tools: true,
  structuredOutput: true,
  strictTools: true,
  sampling: false,
  stopSequences: true,
  thinking: 'adaptive',
  efforts: upToXhighMax,
  thinksByDefault: true,
  prefill: false,
  midConversationSystem: true,
}
/** Opus and Sonnet 4.6: adaptive, and still the old ways. */
const claude46: ModelCapabilities = {
  ...claude,
  sampling: true,
  efforts: upToMax,
  thinksByDefault: false,
  midConversationSystem: false,
}
const claude45: ModelCapabilities = {
  ...claude46,
  contextWindow: 200_000,
  maxOutput: 64_000,
  thinking: 'manual',
  efforts: [],
  prefill: true,
}
const claude4: ModelCapabilities = { ...claude45, structuredOutput: false, strictTools: false }
const claude3: ModelCapabilities = { ...claude4, maxOutput: 8_192, thinking: 'none' }

/** GPT-5.1 and later: reasons, may be told not to. */
const gpt: ModelCapabilities = {
  contextWindow: 1_050_000,
  maxOutput: 128_000,
  vision: true,
  tools: true,
  structuredOutput: true,
  strictTools: true,
  sampling: false,
  stopSequences: false,
  thinking: 'adaptive',
  efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
  thinksByDefault: true,
  prefill: false,
  midConversationSystem: true,
}
const gpt5: ModelCapabilities = { ...gpt, contextWindow: 400_000, efforts: ['minimal', 'low', 'medium', 'high'] }
const gpt51: ModelCapabilities = { ...gpt, contextWindow: 400_000, efforts: ['none', 'low', 'medium', 'high'] }
const oSeries: ModelCapabilities = { ...gpt, contextWindow: 200_000, maxOutput: 100_000, efforts: upToHigh }
const gptChat: ModelCapabilities = {
  ...gpt,
  contextWindow: 128_000,
  maxOutput: 16_384,
  sampling: true,
  stopSequences: true,
  thinking: 'none',
  efforts: [],
  thinksByDefault: false,
}

/** Any server of the OpenAI wire that we know nothing about: what the wire has, and no reasoning parameters. */
const compatible: ModelCapabilities = {
  vision: true,
  tools: true,
  structuredOutput: true,
  strictTools: false,
  sampling: true,
  stopSequences: true,
  thinking: 'none',
  efforts: [],
  thinksByDefault: false,
  prefill: false,
  midConversationSystem: true,
}
const compatibleText: ModelCapabilities = { ...compatible, vision: false }
const compatibleThinking: ModelCapabilities = {
  ...compatibleText,
  thinking: 'adaptive',
  efforts: upToHigh,
  thinksByDefault: true,
}

const demo: ModelCapabilities = {
  ...claude,
  contextWindow: 200_000,
  maxOutput: 64_000,
  sampling: true,
  thinksByDefault: false,
  prefill: true,
}

function unknownOf(wire: Wire): ModelCapabilities {
  return wire === 'anthropic' ? claude : compatible
}

/** The first row that fits decides; within a family the exceptions stand before the newest behaviour. */
const table: readonly (readonly [RegExp, ModelCapabilities])[] = [
  [/^claude-(2|instant|v)/, { ...claude3, vision: false, tools: false, maxOutput: 4_096, contextWindow: 100_000 }],
  [/^claude-(3-haiku|3-sonnet|3-opus)/, { ...claude3, maxOutput: 4_096 }],
  [/^claude-3-5-/, claude3],
  [/^claude-(3-7-sonnet|sonnet-3-7)/, { ...claude4, maxOutput: 64_000 }],
  [/^claude-(haiku-4-5(?!\d)|4-5-haiku)/, claude45],
  [/^claude-sonnet-4-5(?!\d)/, claude45],
  [/^claude-(opus-4-5(?!\d)|4-5-opus)/, { ...claude45, efforts: upToHigh }],
  [/^claude-opus-4-1(?!\d)/, { ...claude4, maxOutput: 32_000, structuredOutput: true, strictTools: true }],
  [/^claude-(opus-4(-0|-2025|@|$)|4-opus)/, { ...claude4, maxOutput: 32_000 }],
  [/^claude-(sonnet-4(-0|-2025|@|$)|4-sonnet)/, claude4],
  [/^claude-(opus|sonnet)-4-6(?!\d)/, claude46],
  [/^claude-opus-4-[78](?!\d)/, { ...claude, thinksByDefault: false }],
  // What answers `thinking: disabled` and a forced tool with 400 is in the migration guides of Fable 5.1, Opus 5.5 and Sonnet 5.5, read
  // 2026-11-25; that of Haiku 5.5 has neither.
  [/^claude-(fable|mythos)-5(?!-\d(?!\d))/, { ...claude, alwaysThinks: true }],
  [/^claude-((opus|sonnet)-5(?!-\d(?!\d))|haiku-)/, claude],
  [/^claude-sonnet-/, { ...claude, leastThinking: 'between_tools', refusesForcedTools: true }],
  [/^claude-/, { ...claude, alwaysThinks: true, refusesForcedTools: true }],

  [
    /^(gpt-3\.5|text-)/,
    { ...gptChat, vision: false, contextWindow: 16_385, maxOutput: 4_096, structuredOutput: false, strictTools: false },
  ],
  [/^gpt-4\.1/, { ...gptChat, contextWindow: 1_047_576, maxOutput: 32_768 }],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.5)/, gptChat],
  [/^gpt-4-turbo/, { ...gptChat, maxOutput: 4_096, structuredOutput: false, strictTools: false }],
  [
    /^gpt-4(-|$)/,
    { ...gptChat, vision: false, contextWindow: 8_192, maxOutput: 8_192, structuredOutput: false, strictTools: false },
  ],
  [/^gpt-oss/, { ...compatibleThinking, contextWindow: 131_072 }],
  [/^gpt-5(\.\d)?-chat|^gpt-chat/, gptChat],
  [/^gpt-5-pro/, { ...gpt5, efforts: ['high'] }],
  [/^gpt-5(-|$)/, gpt5],
  [/^gpt-5\.1/, gpt51],
  [/^gpt-5\.[23]/, { ...gpt, contextWindow: 400_000 }],
  [/^gpt-5\.4-(mini|nano)/, { ...gpt, contextWindow: 400_000 }],
  [
    /^o1-mini|^o1-preview/,
    { ...oSeries, vision: false, tools: false, structuredOutput: false, contextWindow: 128_000, maxOutput: 65_536, efforts: [] },
  ],
  [/^o3-mini/, { ...oSeries, vision: false }],
  [/^o\d/, oSeries],
  [/^(gpt-|codex-|computer-use)/, gpt],

  [/^deepseek-(chat|v3)/, { ...compatibleText, contextWindow: 131_072 }],
  [/^deepseek-(reasoner|r1)/, { ...compatibleThinking, contextWindow: 131_072, structuredOutput: false, efforts: [] }],
  [/^deepseek-/, { ...compatibleThinking, contextWindow: 1_000_000, efforts: ['low', 'high', 'max'] }],
  [
    /^kimi-k3/,
    { ...compatibleThinking, vision: true, sampling: false, contextWindow: 1_048_576, efforts: ['low', 'high', 'max'] },
  ],
  [/^kimi-k2-(?!thinking)/, { ...compatibleText, contextWindow: 262_144 }],
  [/^kimi-k2(\.[5-9]|-thinking)/, { ...compatibleThinking, vision: true, sampling: false, contextWindow: 262_144, efforts: [] }],
  [/^moonshot-v1/, compatibleText],
  [/^kimi-/, { ...compatibleThinking, vision: true, sampling: false, contextWindow: 1_048_576, efforts: ['low', 'high', 'max'] }],
  [/^(zai-)?glm-[\d.]+v/, { ...compatibleThinking, vision: true, efforts: [] }],
  [/^(zai-)?glm-4/, { ...compatibleThinking, contextWindow: 202_752, efforts: [] }],
  [/^(zai-)?glm-/, { ...compatibleThinking, contextWindow: 1_000_000, efforts: [] }],
  [/^grok-(2|3(?!-mini))/, { ...compatible, contextWindow: 131_072, vision: false }],
  [/^grok-3-mini/, { ...compatibleThinking, contextWindow: 131_072, stopSequences: false, efforts: ['low', 'high'] }],
  [/^grok-.*non-reasoning/, { ...compatible, contextWindow: 2_000_000 }],
  [/^grok-code/, { ...compatibleThinking, contextWindow: 256_000, stopSequences: false, efforts: [] }],
  // Grok 4 reasons and refuses both `stop` and, until 4.3, `reasoning_effort`.
  [/^grok-4(-|$)/, { ...compatibleThinking, vision: true, contextWindow: 256_000, stopSequences: false, efforts: [] }],
  [/^grok-/, { ...compatibleThinking, vision: true, contextWindow: 500_000, stopSequences: false }],
  [/^magistral-/, { ...compatibleThinking, vision: true, efforts: [] }],
  [/^(codestral|devstral|open-mistral|mistral-nemo|mixtral)/, compatibleText],
  [/^(mistral|ministral|pixtral)-/, { ...compatible, contextWindow: 131_072 }],
  [/^(meta-)?llama-?(4|3\.2-\d+b-vision)/, compatible],
  [/^(meta-)?llama/, { ...compatibleText, contextWindow: 131_072 }],
  [/^qwen[\d.]*-?(vl|omni)|^qwen.*-vl/, compatible],
  [/^(qwen|qwq)/, compatibleText],
  [/^gemini-2\.0/, { ...compatible, contextWindow: 1_048_576 }],
  [/^gemini-/, { ...compatibleThinking, vision: true, contextWindow: 1_048_576, efforts: upToHigh }],
  [/^gemma/, compatible],
]
