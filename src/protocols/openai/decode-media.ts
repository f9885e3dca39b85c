// Where images and files at our door keep their bytes: data URLs, plain URLs, ids of uploads, and Anthropic's `source` objects.
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { MediaSource } from '../../ir/request.ts'
import { readWire } from '../wire.ts'

/**
 * A data URL or a web address. The gateway fetches neither.
 * @throws GatewayError invalid_value for any other scheme
 */
export function base64MediaOf(url: string, path: string): MediaSource {
  if (/^https?:\/\//i.test(url)) return { kind: 'url', url }
  const data = dataUrlOf(url)
  if (!data) throw invalidValue(path, `\`${path}\` must be an http(s) URL or a base64 data URL`)
  return { kind: 'base64', ...data }
}

const sourceSchema = z.looseObject({
  type: z.string(),
  media_type: z.string().nullish(),
  data: z.string().nullish(),
  url: z.string().nullish(),
  file_id: z.string().nullish(),
})

/** Anthropic's `source` of an image block. */
export function imageSourceOf(source: unknown, path: string): MediaSource {
  const wire = readWire(sourceSchema, source, path)
  if (wire.type === 'base64' && wire.data && wire.media_type) {
    return { kind: 'base64', mediaType: ownMediaType(wire.media_type), data: wire.data }
  }
  if (wire.type === 'url' && wire.url) return base64MediaOf(wire.url, `${path}.url`)
  if (wire.type === 'file' && wire.file_id) return { kind: 'file', fileId: wire.file_id, shape: 'anthropic' }
  throw invalidValue(`${path}.type`, `a source of type \`${wire.type.slice(0, 40)}\` cannot be read`)
}

/** As `imageSourceOf`, and text; `data_url` is chat's `file_data`. Text files become text, so that every model can read them. */
export function documentSourceOf(source: unknown, path: string): MediaSource {
  const wire = readWire(sourceSchema, source, path)
  const text = wire.data ?? ''
  if (wire.type === 'text') return { kind: 'text', text, ...(wire.media_type ? { mediaType: wire.media_type } : {}) }
  if (wire.type !== 'data_url') return imageSourceOf(source, path)
  // Some clients send the bare base64 of a PDF; every PDF begins with "%PDF".
  const data = dataUrlOf(text) ?? (text.startsWith('JVBER') ? { mediaType: 'application/pdf', data: text } : undefined)
  if (!data) throw invalidValue(path, `\`${path}\` must be a base64 data URL`)
  if (!data.mediaType.startsWith('text/')) return { kind: 'base64', ...data }
  return { kind: 'text', text: textOfBase64(data.data, path), mediaType: data.mediaType }
}

// `(?:;[^;,]*)*?` skips parameters such as `;charset=utf-8`.
const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)(?:;[^;,]*)*?;base64,/i

function dataUrlOf(url: string): { mediaType: string; data: string } | undefined {
  const match = dataUrl.exec(url)
  if (!match) return undefined
  return { mediaType: ownMediaType(match[1] ?? ''), data: url.slice(match[0].length) }
}

// `image/jpg` is not a registered type, and Anthropic refuses it.
function ownMediaType(mediaType: string): string {
  const lower = mediaType.toLowerCase()
  return lower === 'image/jpg' ? 'image/jpeg' : lower
}

function textOfBase64(data: string, path: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)))
  } catch {
    throw invalidValue(path, `\`${path}\` is not base64`)
  }
}
