// The frame of a tile, and its four states: asked for the first time, answered, answered before, failed.
import type { ComponentChildren, JSX } from 'preact'
import type { Failure } from '../api.ts'

interface Asked<All> {
  readonly all: All | null
  readonly failure: Failure | null
  readonly stale: boolean
  retry(): void
}

export interface TileProps<All> {
  readonly id: string
  readonly title: string
  readonly width?: 'half' | 'third' | 'two-thirds'
  readonly answers: Asked<All>
  actions?(all: All): ComponentChildren
  /** In the head in every state: what chooses the question. */
  readonly above?: ComponentChildren
  readonly children: (all: All) => ComponentChildren
}

export function Tile<All>({ id, title, width, answers, actions, above, children }: TileProps<All>): JSX.Element {
  const { all, failure, stale, retry } = answers
  return (
    <section class={`tile ${width ?? ''}`} id={id} aria-labelledby={`${id}-title`} aria-busy={stale && failure === null}>
      <div class="tile-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <div class="tile-actions">
          {above}
          {all !== null && actions?.(all)}
        </div>
      </div>
      {failure !== null && <TileFailure failure={failure} retry={retry} />}
      <div class="tile-body">{all === null ? failure === null && <div class="skeleton" /> : children(all)}</div>
    </section>
  )
}

export function TileFailure({ failure, retry }: { readonly failure: Failure; retry(): void }) {
  return (
    <div class="tile-pad">
      <div class="notice" role="alert">
        <span>{failure.message}</span>
        <button type="button" class="plain small" onClick={retry}>
          Try again
        </button>
      </div>
    </div>
  )
}
