// The identity fields that every row of a turn carries, in the trace's words.
import type { Attribution, Principal } from '../ir/principal.ts'
import type { Shape } from '../ir/stream.ts'
import type { RouteDecided } from '../store/events.ts'

export type Identity = Pick<
  RouteDecided,
  | 'gateway_key_id'
  | 'inbound_shape'
  | 'user_id'
  | 'team_id'
  | 'workspace'
  | 'project'
  | 'branch'
  | 'client'
  | 'client_session_id'
  | 'tags'
>

/** @param inboundShape null for the agent surface, which has no wire */
export function identityOf(principal: Principal, attribution: Attribution, inboundShape: Shape | null): Identity {
  return {
    gateway_key_id: principal.keyId,
    inbound_shape: inboundShape,
    user_id: principal.userId,
    team_id: principal.teamId,
    workspace: principal.workspace,
    project: attribution.project,
    branch: attribution.branch,
    client: attribution.client,
    client_session_id: attribution.clientSessionId,
    tags: { ...principal.tags, ...attribution.tags },
  }
}
