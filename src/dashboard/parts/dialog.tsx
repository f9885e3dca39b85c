// A modal dialog of the browser's own: focus stays inside, Escape closes, what is behind is out of reach.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export function Dialog({
  title,
  close,
  children,
}: {
  readonly title: string
  close(): void
  readonly children: ComponentChildren
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const { current } = dialog
    current?.showModal()
    // Closed while it is still in the page, the browser gives the focus back to where it was.
    return () => current?.close()
  }, [])
  const first = useRef(title)
  useLayoutEffect(() => {
    // What took the form's place is read from its head on; the button that had the focus is gone.
    if (first.current !== title) dialog.current?.focus()
  }, [title])
  return (
    <dialog ref={dialog} tabIndex={-1} aria-labelledby="dialog-title" onClose={close}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  )
}
