// Chat to chat: the client's bytes with the smallest splices (translation.md §1 rule 1). Integers, key order and spacing of
// everything else survive, because nothing is printed again.
import type { LanguageModelRequest } from '../../ir/request.ts'
import type { Warning } from '../../ir/warning.ts'
import { childSpans, spliceBytes, type JsonEntry } from '../../lib/json.ts'
import type { EncodedRequest, Target } from '../protocol.ts'
import { fieldsOf } from '../fields.ts'
import { signatureEdits, wantsSignatures } from './thought-signature.ts'

export interface SplicedRequest {
  readonly body: Uint8Array
  readonly warnings: readonly Warning[]
  readonly hidesUsageChunk: boolean
}

/** The client gets the provider's bytes: it speaks this wire, and knows each tool by the name that went upstream. */
export function passesBytes({ inboundShape, toolNames, answersAnew }: EncodedRequest): boolean {
  return inboundShape === 'openai' && toolNames.size === 0 && answersAnew !== true
}

export function spliceRequest(request: LanguageModelRequest, target: Target): SplicedRequest {
  const { bytes } = request.source
  const entries = fieldsOf(bytes)
  const edits: Edit[] = []
  const warnings: Warning[] = []
  const removed = new Set<JsonEntry>()
  const textOf = (start: number, end: number): string => new TextDecoder().decode(bytes.subarray(start, end))

  if (request.model === '') insert(edits, entries, `"model":${JSON.stringify(target.model)}`)
  else if (request.model !== target.model) {
    for (const entry of named(entries, 'model')) edits.push(valueEdit(entry, JSON.stringify(target.model)))
  }
  for (const { entry, reason } of refusedFields(entries, target, textOf)) {
    removed.add(entry)
    warnings.push({ field: entry.key, action: 'dropped', reason })
  }
  for (const { entry, name } of renamedLimits(entries, target)) {
    if (name === undefined) removed.add(entry)
    else edits.push({ start: entry.keyStart, end: entry.keyEnd, text: JSON.stringify(name) })
  }
  const hidesUsageChunk = request.stream && !request.includeUsage && target.quirks.noStreamOptions !== true
  if (hidesUsageChunk) askForUsage(bytes, entries, edits)
  if (wantsSignatures(target)) edits.push(...signatureEdits(bytes, entries))
  edits.push(...removals(entries, removed))
  return { body: edits.length === 0 ? bytes : spliceBytes(bytes, edits), warnings, hidesUsageChunk }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}
type TextOf = (start: number, end: number) => string

function named(entries: readonly JsonEntry[], key: string): readonly JsonEntry[] {
  return entries.filter((entry) => entry.key === key)
}

function valueEdit(entry: JsonEntry, text: string): Edit {
  return { start: entry.valueStart, end: entry.valueEnd, text }
}

// At the end, where it cannot meet the removal of a first entry.
function insert(edits: Edit[], entries: readonly JsonEntry[], text: string): void {
  const at = entries.at(-1)?.valueEnd
  if (at !== undefined) edits.push({ start: at, end: at, text: `,${text}` })
}

/** What the target answers with 400. OpenAI's reasoning models take `temperature: 1` and `top_p: 1`, so these stay. */
function refusedFields(
  entries: readonly JsonEntry[],
  target: Target,
  textOf: TextOf,
): readonly { readonly entry: JsonEntry; readonly reason: string }[] {
  const { capabilities, quirks } = target
  const refused = new Map<string, string>()
  if (quirks.noStreamOptions === true) refused.set('stream_options', 'this provider does not know it')
  if (quirks.geminiDialect === true) {
    for (const key of ['user', 'safety_identifier', 'store', 'metadata']) refused.set(key, 'this provider has no field for it')
  }
  // Only OpenAI's own family refuses these; others that reason take or ignore them.
  if (isOpenaiReasoning(target)) {
    if (!capabilities.sampling) for (const key of ['temperature', 'top_p']) refused.set(key, 'this model does not take it')
    if (!capabilities.stopSequences) refused.set('stop', 'this model does not take it')
  }
  const isHarmless = ({ key, valueStart, valueEnd }: JsonEntry): boolean => {
    const text = textOf(valueStart, Math.min(valueEnd, valueStart + 8))
    return text === 'null' || (key !== 'stop' && Number(text) === 1)
  }
  return entries.flatMap((entry) => {
    const reason = refused.get(entry.key)
    return reason === undefined || isHarmless(entry) ? [] : [{ entry, reason }]
  })
}

/** OpenAI's own models that reason: they know only `max_completion_tokens` and refuse sampling. */
function isOpenaiReasoning(target: Target): boolean {
  return target.quirks.maxTokensField === 'max_completion_tokens' && target.capabilities.thinking !== 'none'
}

// clients.md §0.6: clients send `max_tokens` to every model. `name` undefined = the other key is there too, so this one goes.
function renamedLimits(
  entries: readonly JsonEntry[],
  target: Target,
): readonly { readonly entry: JsonEntry; readonly name: string | undefined }[] {
  const to = target.quirks.maxTokensField
  if (to === undefined || (to === 'max_completion_tokens' && !isOpenaiReasoning(target))) return []
  const from = to === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  const name = named(entries, to).length > 0 ? undefined : to
  return named(entries, from).map((entry) => ({ entry, name }))
}

function askForUsage(bytes: Uint8Array, entries: readonly JsonEntry[], edits: Edit[]): void {
  const options = named(entries, 'stream_options')
  if (options.length === 0) insert(edits, entries, '"stream_options":{"include_usage":true}')
  for (const entry of options) {
    const children = bytes[entry.valueStart] === openBrace ? childSpans(bytes, entry.valueStart) : undefined
    const asked = children?.find(({ key }) => key === 'include_usage')
    if (asked) edits.push({ start: asked.start, end: asked.end, text: 'true' })
    else if (children && children.length > 0)
      edits.push({ start: entry.valueStart + 1, end: entry.valueStart + 1, text: '"include_usage":true,' })
    else edits.push(valueEdit(entry, '{"include_usage":true}'))
  }
}

const openBrace = 0x7b

// Each removal takes one comma along; spans of neighbours touch but never overlap.
function removals(entries: readonly JsonEntry[], removed: ReadonlySet<JsonEntry>): readonly Edit[] {
  const firstKept = entries.findIndex((entry) => !removed.has(entry))
  return entries.flatMap((entry, index) => {
    if (!removed.has(entry)) return []
    const next = entries[index + 1]
    const previous = entries[index - 1]
    if (index < firstKept && next) return [{ start: entry.keyStart, end: next.keyStart, text: '' }]
    return previous ? [{ start: previous.valueEnd, end: entry.valueEnd, text: '' }] : []
  })
}
