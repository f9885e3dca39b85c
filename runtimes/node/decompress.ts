// Providers are asked for `identity`; one that compresses all the same is understood, one layer deep. The size of what comes
// out is limited where it is collected (reliability.md §8).
import { Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { UpstreamFailure } from '../../src/services.ts'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** @throws UpstreamFailure malformed, when read */
export async function* decompress(body: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const create = decoders[encoding.trim().toLowerCase()]
  if (create === undefined) throw new UpstreamFailure('malformed', new Error('unknown content-encoding'))
  const source = Readable.from(body, { objectMode: false })
  const decoder = create()
  source.once('error', (error) => decoder.destroy(error))
  source.pipe(decoder)
  try {
    for await (const bytes of decoder) yield bytes
  } catch (error) {
    throw error instanceof UpstreamFailure ? error : new UpstreamFailure('malformed', error)
  } finally {
    source.destroy()
  }
}
