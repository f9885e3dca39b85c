// Images and documents for an OpenAI-shaped provider (translation.md §2: image, file / PDF).
import { invalidValue } from '../../ir/errors.ts'
import type { DocumentPart, ImagePart } from '../../ir/request.ts'

/** A content part of a user message. */
export interface WirePart {
  readonly type: string
  readonly [field: string]: unknown
}

/** @throws GatewayError invalid_value for a file that another provider holds */
export function encodeImage({ source, detail }: ImagePart, path: string): WirePart {
  if (source.kind !== 'base64' && source.kind !== 'url') throw cannotCarry(path, source.kind)
  const url = source.kind === 'url' ? source.url : dataUrlOf(source)
  return { type: 'image_url', image_url: { url, ...(detail === undefined ? {} : { detail }) } }
}

/** Text documents become text parts; a URL is refused because the gateway never fetches one. */
export function encodeDocument({ source, name }: DocumentPart, path: string): WirePart {
  if (source.kind === 'text') return { type: 'text', text: name === undefined ? source.text : `${name}\n\n${source.text}` }
  if (source.kind === 'file' && source.shape === 'openai') return { type: 'file', file: { file_id: source.fileId } }
  if (source.kind !== 'base64') throw cannotCarry(path, source.kind)
  return { type: 'file', file: { filename: name ?? fileNameOf(source.mediaType), file_data: dataUrlOf(source) } }
}

function cannotCarry(path: string, kind: string): Error {
  const reason =
    kind === 'url'
      ? 'a document by URL cannot be carried to this model: send its bytes'
      : `a source of kind \`${kind}\` belongs to another provider`
  return invalidValue(`${path}.source`, reason)
}

function dataUrlOf({ mediaType, data }: { readonly mediaType: string; readonly data: string }): string {
  return `data:${mediaType};base64,${data}`
}

function fileNameOf(mediaType: string): string {
  return mediaType === 'application/pdf' ? 'document.pdf' : 'document'
}
