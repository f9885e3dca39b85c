// The one module of the platform that the Worker imports.
declare module 'cloudflare:workers' {
  /** Keeps the current request alive until the work is done, for at most 30 s after its answer. */
  export function waitUntil(work: Promise<unknown>): void
}
