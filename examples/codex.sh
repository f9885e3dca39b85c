#!/usr/bin/env bash
# Codex through the gateway, with everything you would give `codex` itself and no configuration file:
#   GW_TOKEN=gw_... examples/codex.sh exec "What does this project do?"
set -euo pipefail
: "${GW_TOKEN:?set GW_TOKEN to the token that metis-gateway issue-key printed}"
command -v codex >/dev/null || { echo "codex is not on the PATH: npm install --global @openai/codex" >&2; exit 1; }

# With /v1: Codex adds /responses. It reads the token from the variable that env_key names.
base_url=${GW_URL:-http://127.0.0.1:8422}/v1
provider="{ name = \"Metis gateway\", base_url = \"$base_url\", env_key = \"GW_TOKEN\", wire_api = \"responses\" }"
export GW_TOKEN
exec codex -c 'model_provider="metis"' -c "model_providers.metis=$provider" -c "model=\"${MODEL:-haiku}\"" "$@"
