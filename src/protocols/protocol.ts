// A wire format, both ways. A door uses `server`, a provider `client`; decode = wire to IR, encode = IR to wire.
// One folder per wire; `index.ts` is the registry.
import type { ModelCapabilities } from '../catalog/capabilities.ts'
import type { GatewayError } from '../ir/errors.ts'
import type { ByteText } from '../ir/json-body.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import type { LanguageModelResponse } from '../ir/response.ts'
import type { Shape, StreamChunk } from '../ir/stream.ts'
import type { Warning } from '../ir/warning.ts'

export interface Protocol {
  readonly shape: Shape
  readonly server: ServerProtocol
  readonly client: ClientProtocol
}

/** The half that faces our client. */
export interface ServerProtocol {
  /**
   * Reads the envelope; the content is decoded when `content()` is first asked for. `byteText` spares the decoding until then.
   * @throws GatewayError invalid_json, invalid_value
   */
  decodeRequest(bytes: Uint8Array, headers: Headers, byteText?: ByteText): LanguageModelRequest
  /**
   * One buffer out for each chunk in (none when a chunk means nothing to this wire). A chunk with `verbatim` bytes of this
   * shape is passed on untouched. A throw from `chunks` becomes the shape's error frame and then the end, without an end mark.
   */
  encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncIterable<Uint8Array>
  /** The frame that keeps a silent stream alive. */
  readonly keepAlive: Uint8Array
  encodeResponse(response: LanguageModelResponse, answer: AnswerContext): string
  /** The provider's own status and body are passed on when the error carries an answer of this shape. */
  encodeError(error: GatewayError, requestId: string): EncodedError
}

export interface EncodedError {
  readonly status: number
  /** JSON text. */
  readonly body: string
}

/** What a door knows about the answer it renders. */
export interface AnswerContext {
  /** ULID of the turn: `chatcmpl-…` and `msg_…` are made from it. */
  readonly turnId: string
  /** Unix seconds, one value for the whole answer. */
  readonly createdS: number
  /** The client's own string: what a cross-shape answer echoes. */
  readonly model: string
  readonly includeUsage: boolean
  /** Whether the client asked for a stream. */
  readonly stream: boolean
  readonly estimatedInputTokens: number
}

/** The half that faces a provider. */
export interface ClientProtocol {
  /**
   * Same shape: the client's bytes with the smallest splices. Other shape: rendered from `request.content()`.
   * @throws GatewayError invalid_value for what translation.md §2 marks R
   */
  encodeRequest(request: LanguageModelRequest, target: Target): EncodedRequest
  /** @throws GatewayError upstream_bad_response when the bytes stop without the wire's end mark */
  decodeStream(bytes: AsyncIterable<Uint8Array>, call: EncodedRequest): AsyncIterable<StreamChunk>
  /**
   * One chunk with every event: the engine knows only chunks.
   * @throws GatewayError upstream_bad_response for what is not an answer of this wire (an error body with status 200 too)
   */
  decodeResponse(bytes: Uint8Array, call: EncodedRequest): StreamChunk
  /** An answer with a status that is not 2xx. Never shows the text of a 401 or 403 (translation.md §5). */
  decodeError(status: number, headers: Headers, body: string): GatewayError
  /** Some refusals are answers in other words: the answer for a client of another shape; null = a real error. */
  answerFromError?(status: number, body: string): StreamChunk | null
}

/** Where a request goes. */
export interface Target {
  /** The provider's name in the configuration. */
  readonly provider: string
  /** The provider's own name of the model, without `provider:`. */
  readonly model: string
  readonly capabilities: ModelCapabilities
  readonly quirks: ProviderQuirks
}

/** How one provider of a wire differs from the wire's owner; a preset's row, or the user's configuration. */
export interface ProviderQuirks {
  /** OpenAI wire: the name this provider takes for the output limit. */
  readonly maxTokensField?: 'max_completion_tokens' | 'max_tokens'
  /** OpenAI wire: takes `reasoning_content` of earlier turns back (DeepSeek, Moonshot). */
  readonly replaysReasoning?: boolean
  /** OpenAI wire: does not know `stream_options` and refuses it. */
  readonly noStreamOptions?: boolean
  /** OpenAI wire: takes `safety_identifier`; others get `user`. */
  readonly safetyIdentifier?: boolean
  /** OpenAI wire: a Gemini answers. It wants its signature back with each tool call, and has no field for a user. */
  readonly geminiDialect?: boolean
  /** Anthropic wire: the only betas it takes; absent = whatever the client asks for. */
  readonly betas?: ReadonlySet<string>
}

export interface EncodedRequest {
  /** Appended to the provider's base URL. Anthropic `/v1/messages`, OpenAI `/chat/completions`. */
  readonly path: string
  /** The wire's own headers (`anthropic-version`, `anthropic-beta`, `openai-beta` …), lower case; the provider adds its credential. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly stream: boolean
  readonly warnings: readonly Warning[]
  /** The answer goes back to a door of this shape: chunks carry `verbatim` only then, and only when no tool was renamed. */
  readonly inboundShape: Shape
  /** Name sent upstream → the client's name, for tools whose name had to be shortened. */
  readonly toolNames: ReadonlyMap<string, string>
  /** The ids of the conversation's tool calls as the client has them: an answer's calls get others. Only across shapes. */
  readonly takenCallIds?: ReadonlySet<string>
  /**
   * OpenAI wire: the client reads calls of tools that take text only as functions (Cursor: icebear0828/codex-proxy#708), so it
   * gets no `verbatim`.
   */
  readonly answersAnew?: boolean
  /** OpenAI wire: we added `include_usage`, so the usage-only chunk is taken out before the client. */
  readonly hidesUsageChunk: boolean
  /** Structured output was rendered as this forced tool: its arguments are the answer's text and the stop is `end`. */
  readonly answerTool?: string
}
