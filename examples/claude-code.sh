#!/usr/bin/env bash
# Claude Code through the gateway, with everything you would give `claude` itself:
#   GW_TOKEN=gw_... examples/claude-code.sh -p "What does this project do?"
set -euo pipefail
: "${GW_TOKEN:?set GW_TOKEN to the token that metis-gateway issue-key printed}"
command -v claude >/dev/null || { echo "claude is not on the PATH: npm install --global @anthropic-ai/claude-code" >&2; exit 1; }

# The root, without /v1. The token goes where the provider's key went.
export ANTHROPIC_BASE_URL=${GW_URL:-http://127.0.0.1:8422}
export ANTHROPIC_API_KEY=$GW_TOKEN
# A token of a login would be sent instead of the key.
unset ANTHROPIC_AUTH_TOKEN
exec claude "$@"
