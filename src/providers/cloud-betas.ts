// The betas of Anthropic's API that other clouds take with Claude, as data; any other is refused there with 400. From what was tried
// on them and reported (litellm's anthropic_beta_headers_config.json, claude-code#49370, CLIProxyAPI#4750), read 2026-11-25.

const both = [
  'compact-2026-01-12',
  'computer-use-2025-01-24',
  'computer-use-2025-11-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'dangerous-tool-use-2026-09-03',
  'interleaved-thinking-2025-05-14',
  'per-turn-control-2026-07-01',
  'thinking-binding-controls-2026-08-01',
  'thinking-display-updates-2026-08-18',
  'tool-search-tool-2025-10-19',
  'web-search-2025-03-05',
]

export const bedrockBetas: ReadonlySet<string> = new Set([
  ...both,
  'claude-code-20250219',
  'effort-2025-11-24',
  'fine-grained-tool-streaming-2025-05-14',
  'output-128k-2025-02-19',
  'structured-outputs-2025-11-13',
  'token-efficient-tools-2025-02-19',
  'tool-examples-2025-10-29',
])

export const vertexBetas: ReadonlySet<string> = new Set([...both, 'compact-2026-09-04'])
