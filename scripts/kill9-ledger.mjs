// The judge of kill9.mjs: compares a trace (kill9-trace.mjs) with what clients and the provider saw.
/**
 * Reads the whole trace and counts what breaks the identity; every count has its lines in `faults`.
 * `seen`: whole = Map of session → turn id of the answers that clients read to their end; upstream = Set of the sessions whose
 * request reached the provider.
 */
export function judge(trace, seen) {
  const turns = new Map()
  const sessions = new Set()
  for (const event of trace.events) {
    const kind = event.type === 'route.decided' ? 'route' : event.type === 'turn.completed' ? 'turn' : 'call'
    if (kind === 'call' && !event.type.startsWith('llm.call_')) continue
    const turn = turns.get(event.turn_id) ?? { session: event.session_id, route: [], call: [], turn: [] }
    turn[kind].push({ id: event.id, type: event.type, payload: JSON.parse(event.payload_json) })
    turns.set(event.turn_id, turn)
    if (kind === 'route') sessions.add(event.session_id)
  }
  const result = { lost: 0, doubled: 0, orphans: 0, wrongly: 0, disorder: 0, interrupted: 0, integrity: '', faults: [] }
  const count = (what, text) => {
    result[what] += 1
    result.faults.push(`${what}: ${text}`)
  }

  const statuses = new Map(trace.calls.map(({ turn_id, status }) => [turn_id, status]))
  for (const [session, turnId] of seen.whole) {
    const turn = turns.get(turnId)
    if (!turn || turn.session !== session || turn.route.length === 0 || turn.call.length === 0 || turn.turn.length === 0) {
      count('lost', `answer ${session}, turn ${turnId}: ${turn ? 'events are missing' : 'no events'}`)
    } else if (!wentWell(turn) || statuses.get(turnId) !== 'ok') {
      count('wrongly', `turn ${turnId}: ${turn.call[0].type} ${turn.call[0].payload.error_class}, ${turn.turn[0].payload.status}`)
    }
  }
  for (const session of seen.upstream) if (!sessions.has(session)) count('lost', `upstream call ${session} has no route.decided`)
  for (const [turnId, turn] of turns) {
    if (turn.route.length > 1 || turn.call.length > 1 || turn.turn.length > 1) count('doubled', `turn ${turnId}`)
    if (turn.turn.length === 0) count('orphans', `turn ${turnId} was never closed`)
    if (!rises(turn)) count('disorder', `turn ${turnId}`)
    if (turn.turn[0]?.payload.status === 'interrupted') result.interrupted += 1
  }
  for (const { turn_id } of trace.inflight) count('orphans', `inflight ${turn_id}`)

  const rows = trace.calls.length
  const rolled = Number(trace.rolled[0].calls)
  const called = [...turns.values()].filter(({ call }) => call.length > 0).length
  if (rows !== statuses.size || rows !== called) count('doubled', `${called} turns with a call, ${rows} rows in calls`)
  if (rolled !== rows) count('doubled', `usage_hourly counts ${rolled} calls, calls has ${rows}`)
  result.integrity = trace.integrity
  if (result.integrity !== 'ok') result.faults.push(`integrity: ${result.integrity}`)
  return result
}

function wentWell({ call, turn }) {
  return call[0].type === 'llm.call_completed' && call[0].payload.error_class === null && turn[0].payload.status === 'ok'
}

function rises({ route, call, turn }) {
  const ids = [...route, ...call, ...turn].map(({ id }) => id)
  return ids.every((id, index) => index === 0 || ids[index - 1] < id)
}
