// A turn that is with a provider, made by hand: its route event and its row in the ledger of open turns.
import type { RouteDecided } from '../../../src/store/events.ts'
import type { Storage } from '../../../src/store/storage.ts'
import type { OpenedNote } from '../../../src/store/turn-units.ts'

export interface OpenTurn {
  /** A ULID of about then. */
  readonly turnId: string
  readonly startedUs: number
  readonly sessionId: string
  readonly model: string
  readonly requestedModel: string
  readonly route: Partial<RouteDecided>
}

export async function insertOpenTurn({ db }: Storage, turn: OpenTurn): Promise<void> {
  const { turnId, startedUs, sessionId, model, requestedModel } = turn
  const note: OpenedNote = {
    routeId: turnId,
    provider: 'anthropic',
    model,
    requestedModel,
    stream: true,
    estimatedInputTokens: 1,
    pricingVersion: 'test',
  }
  const payload: RouteDecided = {
    gateway_key_id: null,
    inbound_shape: 'anthropic',
    user_id: null,
    team_id: null,
    workspace: null,
    project: null,
    branch: null,
    client: null,
    client_session_id: null,
    tags: {},
    requested_model: requestedModel,
    chosen_model: model,
    winner_index: -1,
    elapsed_ms: 0.1,
    chain: [],
    ...turn.route,
  }
  const event = {
    id: turnId,
    timestamp_us: startedUs,
    session_id: sessionId,
    turn_id: turnId,
    parent_event_id: null,
    type: 'route.decided',
    actor: 'system',
    sensitivity: 'pseudonymous',
    payload_json: JSON.stringify(payload),
  }
  await db.insertInto('events').values(event).execute()
  const row = { turn_id: turnId, instance_id: 'i', started_us: startedUs, opened_json: JSON.stringify(note) }
  await db.insertInto('inflight').values(row).execute()
}
