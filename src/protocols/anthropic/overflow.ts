// A prompt that is too long, in Anthropic's own wording: Claude Code shortens the conversation by itself only when it reads
// that, with the numbers (translation.md §5).

/** @param original the provider's text, which follows in brackets */
export function overflowMessageOf(original: string): string {
  if (ownWording.test(original)) return original
  const limit = numberIn(original, limits)
  const [, prompt, completion] = parts.exec(original) ?? []
  if (limit !== undefined && prompt !== undefined && completion !== undefined) {
    return `input length and \`max_tokens\` exceed context limit: ${prompt} + ${completion} > ${limit} (${original})`
  }
  const input = numberIn(original, inputs)
  if (limit === undefined || input === undefined) return `prompt is too long (${original})`
  return `prompt is too long: ${input} tokens > ${limit} maximum (${original})`
}

const ownWording = /prompt is too long: \d+ tokens|exceed context limit: \d+ \+ \d+ > \d+/

// OpenAI and vLLM; llama.cpp; Gemini; vLLM's older form.
const limits = [
  /maximum context length is (\d+)/,
  /configured limit of (\d+) tokens/,
  /context size \((\d+)/,
  /tokens allowed \((\d+)/,
  /max_model_len(?: is| of|:)? \(?(\d+)/,
]
const parts = /(\d+) (?:in|of|from) (?:the |your )?(?:messages|prompt|text input|input)[^\d]+(\d+) (?:in|for) the completion/
const inputs = [
  /resulted in (\d+) tokens/,
  /request \((\d+) tokens/,
  /token count (?:of )?\(?(\d+)/,
  /(?:has|contains) (?:at least )?(\d+) (?:input |prompt )?tokens/,
  /requested (\d+) tokens/,
]

function numberIn(text: string, patterns: readonly RegExp[]): string | undefined {
  return patterns.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined)
}
