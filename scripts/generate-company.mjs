// Who works in the company of generate-ledger.mjs: people in teams, a key each, and machines of theirs.
const clients = ['claude-code', 'claude-code', 'claude-code', 'cursor', 'codex', 'openai-python']

export function company(users, startUs) {
  const pad = (number) => String(number).padStart(3, '0')
  const teams = Array.from({ length: Math.max(1, Math.round(users / 10)) }, (_, n) => `team-${pad(n)}`)
  const people = Array.from({ length: users }, (_, n) => ({
    user: `user-${pad(n)}`,
    team: teams[n % teams.length],
    key: `gk_${pad(n)}`,
    projects: [`project-${pad(n % 40)}`, `project-${pad((n * 7) % 40)}`],
    client: clients[n % clients.length],
    tags: n % 4 === 0 ? '{"env":"prod"}' : '{"env":"dev"}',
  }))
  const machines = Array.from({ length: 20 }, (_, n) => ({
    user: null,
    team: teams[n % teams.length],
    key: `gk_ci_${pad(n)}`,
    projects: [`service-${pad(n)}`],
    client: 'openai-python',
    tags: `{"env":"prod","service":"s${n}"}`,
  }))
  const identities = {
    teams: teams.map((id) => ({
      id,
      display_name: id.replace('team-', 'Team '),
      daily_cap_nano_usd: null,
      monthly_cap_nano_usd: 9e13,
      created_us: startUs,
      disabled_us: null,
    })),
    users: people.map(({ user, team }) => ({
      id: user,
      display_name: user.replace('user-', 'User '),
      team_id: team,
      daily_cap_nano_usd: null,
      monthly_cap_nano_usd: null,
      created_us: startUs,
      disabled_us: null,
    })),
    gateway_keys: [...people, ...machines].map(({ key, user, team }) => ({
      id: key,
      name: key.replace('gk_', 'key '),
      token_hash: key,
      workspace: '/srv',
      user_id: user,
      team_id: user === null ? team : null,
      allowed_models_json: '[]',
      daily_cap_nano_usd: null,
      monthly_cap_nano_usd: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      tags_json: '{}',
      log_messages: 0,
      ignore_client_model: 0,
      created_us: startUs,
      expires_us: null,
      revoked_us: null,
      last_used_us: null,
    })),
  }
  return { people, machines, identities }
}
