// Budgets of our gateway and the tables a run prints.

/** `limit` strings as in the budgets; a figure holds when it is not above its number. */
export function budgetRows(figures, { ours, raw, rival }) {
  const ratio = (name, base = raw, of = ours) => figures[name]?.get(of) / figures[name]?.get(base)
  const worst = (...values) => Math.max(...values)
  const rows = [
    ['JSON call, same shape, CPU against raw node:http', worst(ratio('json openai'), ratio('json anthropic')), 1.4, 1.0, '×'],
    ['SSE chunk, same shape, CPU against raw node:http', worst(ratio('sse openai'), ratio('sse anthropic')), 1.1, 0.85, '×'],
    ['SSE chunk, cross shape, against raw passing bytes', crossRatio(figures, ours, raw), 1.5, 1.1, '×'],
    ['200 kB request, same shape, against raw node:http', worst(ratio('200 kB openai'), ratio('200 kB anthropic')), 3, 2, '×'],
    ['added p50 at concurrency 1', figures['added p50']?.get(ours), 0.35, 0.2, 'ms'],
    ['added first token p50, all streams open', figures['first token']?.get(ours), 5, 1, 'ms'],
    ['memory per open stream, above raw node:http', aboveRaw(figures, ours, raw), 20, 15, 'kB'],
    ['trace of a turn, one at a time', figures['trace alone']?.get(ours), 50, 15, 'µs'],
    ['trace of a turn, 50 together', figures['trace grouped']?.get(ours), 50, 15, 'µs'],
    ['start to first answered request', figures['cold start']?.get(ours), 300, 150, 'ms'],
  ]
  if (rival === undefined) return rows
  return [
    ...rows,
    [`JSON call, CPU against ${rival}`, ratio('json openai', rival), 1 / 8, 1 / 12, '×'],
    [`SSE chunk, CPU against ${rival}`, ratio('sse openai', rival), 1 / 3, 1 / 5, '×'],
    [`200 kB request, CPU against ${rival}`, ratio('200 kB openai', rival), 1 / 4, 1 / 8, '×'],
  ]
}

/** The gateway on Bun is judged against nginx; the least that Bun can do, and Node, say where the rest is. */
export function bunBudgetRows(figures) {
  const ratio = (name, base) => {
    const shapes = [figures[`${name} openai`], figures[`${name} anthropic`]]
    return Math.max(...shapes.map((shape) => shape?.get('on Bun') / shape?.get(base)))
  }
  return [
    ['JSON call on Bun, CPU against nginx', ratio('json', 'nginx'), 4, 2.5, '×'],
    ['SSE chunk on Bun, CPU against nginx', ratio('sse', 'nginx'), 2, 1.5, '×'],
  ]
}

/** Two sockets and their parsers cost a Node process 30 to 40 kB before anybody's code runs: what is judged is ours. */
function aboveRaw(figures, ours, raw) {
  return (figures['memory']?.get(ours) - figures['memory']?.get(raw)) / 1_000
}

/** Cross shape is measured with frames of the upstream's wire, and so is the raw proxy it is compared with. */
function crossRatio(figures, ours, raw) {
  const fromOpenai = figures['sse anthropic client, openai upstream']?.get(ours) / figures['sse openai']?.get(raw)
  const fromAnthropic = figures['sse openai client, anthropic upstream']?.get(ours) / figures['sse anthropic']?.get(raw)
  return Math.max(fromOpenai, fromAnthropic)
}

export function budgetTable(rows) {
  const lines = rows
    .filter(([, value]) => Number.isFinite(value))
    .map(([figure, value, must, aim, unit]) => {
      const held = value <= must ? (value <= aim ? 'yes, aim too' : 'yes') : '**NO**'
      return `| ${figure} | ${number(value)} ${unit} | ≤ ${number(must)} | ≤ ${number(aim)} | ${held} |`
    })
  return ['| figure, same run | measured | must | aim | held |', '| --- | --: | --: | --: | --- |', ...lines].join('\n')
}

export function figureTable(figures, names) {
  const lines = Object.entries(figures).map(([figure, byTarget]) => {
    const cells = names.map((name) => (byTarget.has(name) ? number(byTarget.get(name)) : ''))
    return `| ${units[figure] ?? figure} | ${cells.join(' | ')} |`
  })
  return [`| figure | ${names.join(' | ')} |`, `| --- |${' --: |'.repeat(names.length)}`, ...lines].join('\n')
}

const units = {
  'json openai': 'CPU ms per 1,000 JSON calls, 32 at once, OpenAI shape',
  'json anthropic': 'CPU ms per 1,000 JSON calls, 32 at once, Anthropic shape',
  'sse openai': 'CPU ms per 1,000 SSE chunks, 100 streams, OpenAI shape',
  'sse anthropic': 'CPU ms per 1,000 SSE chunks, 100 streams, Anthropic shape',
  'sse anthropic client, openai upstream': 'CPU ms per 1,000 SSE chunks, Anthropic client, OpenAI upstream',
  'sse openai client, anthropic upstream': 'CPU ms per 1,000 SSE chunks, OpenAI client, Anthropic upstream',
  '200 kB openai': 'CPU ms per 200 kB request, OpenAI shape',
  '200 kB anthropic': 'CPU ms per 200 kB request, Anthropic shape',
  'added p50': 'added p50 at concurrency 1, ms',
  'first token': 'added first token p50, all streams open, ms',
  memory: 'memory per open stream, bytes',
  'trace alone': 'trace of a turn, one at a time, µs of CPU',
  'trace grouped': 'trace of a turn, 50 together, µs of CPU',
  'cold start': 'start to first answer, ms',
}

function number(value) {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
