#!/usr/bin/env bash
# One turn through either door, one stream, and what it cost: no SDK needed, only curl and jq.
#   GW_TOKEN=gw_... examples/curl.sh
set -euo pipefail
: "${GW_TOKEN:?set GW_TOKEN to the token that metis-gateway issue-key printed}"
gateway=${GW_URL:-http://127.0.0.1:8422}
serve=${SERVE_URL:-http://127.0.0.1:8421}
model=${MODEL:-haiku}

echo "== Anthropic shape"
curl -sS --fail-with-body "$gateway/v1/messages" \
  -H "x-api-key: $GW_TOKEN" \
  -H "anthropic-version: 2023-06-01" \
  -H "content-type: application/json" \
  -d "{\"model\": \"$model\", \"max_tokens\": 64, \"messages\": [{\"role\": \"user\", \"content\": \"Say hello in one word.\"}]}" |
  jq '{text: .content[0].text, usage}'

echo "== OpenAI shape, the same model"
curl -sS --fail-with-body "$gateway/v1/chat/completions" \
  -H "authorization: Bearer $GW_TOKEN" \
  -H "content-type: application/json" \
  -d "{\"model\": \"$model\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello in one word.\"}]}" |
  jq '{text: .choices[0].message.content, usage}'

echo "== as a stream"
curl -sS --fail-with-body -N "$gateway/v1/messages" \
  -H "authorization: Bearer $GW_TOKEN" \
  -H "anthropic-version: 2023-06-01" \
  -H "content-type: application/json" \
  -d "{\"model\": \"$model\", \"max_tokens\": 64, \"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Count to three.\"}]}" |
  grep '^event:' | uniq -c

echo "== what this key has spent in the last day"
curl -sS --fail-with-body "$serve/analytics/by_key?window=24h" | jq '.data'
