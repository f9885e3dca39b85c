// A client's settings file and how it is pointed at the gateway: text in, text out, no file is touched here.
import type { Access } from '../commands/clients.ts'

export interface PointedAt extends Access {
  /** Claude Code alone: billed by its own login, with the token beside it. */
  readonly ownLogin?: boolean
  /** Claude Code alone: what a shell runs for its status line. */
  readonly statusLine?: string
}

export interface ClientSettings {
  readonly client: 'claude-code' | 'codex'
  readonly title: string
  /** The folder that is there when the client is installed, and the file in it. */
  folder(env: Readonly<Record<string, string | undefined>>): string
  readonly fileName: string
  /**
   * `text`: what the file holds; null = there is none.
   * @throws CommandError for a text that cannot be read, or cannot be changed safely
   */
  pointed(text: string | null, access: PointedAt): string
  /** What of their own somebody has there that `pointed` leaves; null = nothing that it would have written. */
  leftAlone?(text: string | null): string | null
  /**
   * What somebody else made of the file since, without what `pointed` put in. null = nothing is left of it.
   * @param original what `pointed` was given
   * @param statusLine as it was given that; null = none was
   * @throws CommandError for a text that cannot be read
   */
  withoutGateway(text: string, original: string | null, statusLine: string | null): string | null
}
