// Which fields of a Responses request another wire has no place for, by this wire's names: each is dropped with a warning.

type Json = Readonly<Record<string, unknown>>

/** What `chatBodyOf` reads or refuses, and what only says how OpenAI caches and pages. */
const read = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'parallel_tool_calls',
  'tools',
  'tool_choice',
  'reasoning',
  'text',
  'max_output_tokens',
  'user',
  'safety_identifier',
  'service_tier',
  'metadata',
  'previous_response_id',
  'conversation',
  'prompt',
  'background',
  'include',
  'truncation',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
])

/** @param unplaced what the body had no place for once it was chat's */
export function unmappedOf(body: Json, unplaced: Json): Json {
  const { verbosity, ...rest } = unplaced
  const own = Object.entries(body).filter(
    ([field, value]) => !read.has(field) && value !== null && value !== false && value !== 0,
  )
  return {
    ...rest,
    ...Object.fromEntries(own),
    ...(verbosity === undefined ? {} : { 'text.verbosity': verbosity }),
    ...includedOf(body['include']),
    // Another wire refuses what is too long; `auto` would have cut it.
    ...(body['truncation'] === 'auto' ? { truncation: 'auto' } : {}),
  }
}

// Encrypted reasoning comes back in any case, where the model's provider gives any.
function includedOf(include: unknown): Json {
  if (!Array.isArray(include)) return {}
  const more = include.filter((what) => what !== 'reasoning.encrypted_content')
  return more.length === 0 ? {} : { include: more }
}
