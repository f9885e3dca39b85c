// The lines that point each client at the gateway: what `env` prints and what start and demo show.

export const clients = ['claude-code', 'anthropic', 'openai', 'codex', 'cursor'] as const
export type Client = (typeof clients)[number]

/** Where the gateway is and what opens it. */
export interface Access {
  /** The root, without a slash at the end. */
  readonly url: string
  readonly token: string
}

/** Lines for a POSIX shell: `eval "$(metis-gateway env claude-code)"` takes them as they are, remarks included. */
export function linesFor(client: Client, { url, token }: Access): readonly string[] {
  switch (client) {
    case 'claude-code':
      return [
        '# Claude Code: the root, without /v1; the gateway token takes the place of the provider key',
        `export ANTHROPIC_BASE_URL="${url}"`,
        `export ANTHROPIC_API_KEY="${token}"`,
      ]
    case 'anthropic':
      return [
        '# Anthropic SDKs: the root, they add /v1/messages themselves',
        `export ANTHROPIC_BASE_URL="${url}"`,
        `export ANTHROPIC_API_KEY="${token}"`,
      ]
    case 'openai':
      return [
        '# OpenAI SDKs and what is built on them: with /v1, they add /chat/completions or /responses themselves',
        `export OPENAI_BASE_URL="${url}/v1"`,
        `export OPENAI_API_KEY="${token}"`,
      ]
    case 'codex':
      return [
        `export METIS_GATEWAY_KEY="${token}"`,
        '# Codex: the variable above, and this in ~/.codex/config.toml (base_url with /v1; it adds /responses itself)',
        '#   model = "gpt-5-mini"          # any model that the key may use',
        '#   model_provider = "metis"',
        '#   [model_providers.metis]',
        '#   name = "Metis gateway"',
        `#   base_url = "${url}/v1"`,
        '#   env_key = "METIS_GATEWAY_KEY"',
        '#   wire_api = "responses"',
      ]
    case 'cursor':
      return [
        '# Cursor > Settings > Models > OpenAI API Key',
        '#   Override OpenAI Base URL   https://YOUR-PUBLIC-HOST/v1',
        `#   OpenAI API Key             ${token}`,
        '#   Model                      a custom model id that the key may use',
        `# Cursor calls that URL from its own servers, so ${url} cannot be reached: it needs a public https address`,
        '# in front of the gateway (a reverse proxy or a tunnel).',
      ]
    default:
      return client satisfies never
  }
}

/** One turn without any client installed. */
export function curlLine({ url, token }: Access, model: string): string {
  const body = JSON.stringify({ model, max_tokens: 64, messages: [{ role: 'user', content: 'Say hello in one word.' }] })
  const headers = [`x-api-key: ${token}`, 'anthropic-version: 2023-06-01', 'content-type: application/json']
  return `curl ${url}/v1/messages ${headers.map((header) => `-H '${header}'`).join(' ')} -d '${body}'`
}
