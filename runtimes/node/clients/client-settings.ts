// A client's settings file and how it is pointed at the gateway: text in, text out, no file is touched here.
import type { Access } from '../commands/clients.ts'

export interface PointedAt extends Access {
  /** Claude Code alone: billed by its own login, with the token beside it. */
  readonly ownLogin?: boolean
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
  /**
   * What somebody else made of the file since, without what `pointed` put in. null = nothing is left of it.
   * @param original what `pointed` was given
   * @throws CommandError for a text that cannot be read
   */
  withoutGateway(text: string, original: string | null): string | null
}
