// One cap, two gateways on one file, and a gateway that is killed: the cap holds all the same.
import { afterEach, describe, expect, it } from 'vitest'
import { numberOf, objectOf, parseObject, textOf } from '../support/json.ts'
import { openProgramHome, type ProgramHome } from '../support/program-gateway.ts'
import { times } from '../support/scripts.ts'

let home: ProgramHome | null = null
afterEach(async () => {
  await home?.remove()
  home = null
})

const body = JSON.stringify({
  model: 'claude-haiku-4-5',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})

async function issue(on: ProgramHome, ...flags: readonly string[]) {
  const issued = await on.run('issue-key', '--name', 'k', '--workspace', '.', '--json', ...flags)
  const key = parseObject(issued.stdout)
  return { token: textOf(key['token']), keyId: textOf(key['key_id']) }
}

const ask = (url: string, token: string): Promise<Response> =>
  fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  })

/** What a call reserves, as a refusal tells it. */
async function neededUsd(on: ProgramHome, url: string): Promise<number> {
  const { token } = await issue(on, '--daily-cap-usd', '0')
  return numberOf(objectOf(parseObject(await (await ask(url, token)).text())['error'])['needed_usd']) ?? 0
}

async function quotaOf(on: ProgramHome, keyId: string) {
  const storage = await on.open()
  const quota = await storage.db.selectFrom('quotas').selectAll().where('id', '=', keyId).executeTakeFirst()
  const calls = await storage.db.selectFrom('calls').select('cost_nano_usd').where('gateway_key_id', '=', keyId).execute()
  await storage.close()
  return {
    spent: quota?.spent_nano_usd,
    reserved: quota?.reserved_nano_usd,
    cost: calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0),
  }
}

describe('a cap worth ten calls', () => {
  it('lets exactly ten of a hundred through two gateways on one file', async () => {
    home = await openProgramHome()
    const [first, second] = [await home.start(), await home.start()]
    const needed = await neededUsd(home, first.url)
    const { token, keyId } = await issue(home, '--daily-cap-usd', (needed * 10).toFixed(9))
    // Each costs what it reserved: 1,000 nano-USD a token of input, 5,000 of output.
    const inputUncached = Math.round((needed * 1e9 - 64 * 5000) / 1000)
    const usage = { inputUncached, cacheRead: 0, cacheWrite5m: 0, output: 64, reasoning: 0 }
    home.provider.script(...times(10, { delayFirstMs: 200, plan: { usage } }))
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ask(index % 2 === 0 ? first.url : second.url, token)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(90)
    await Promise.all(answers.map((answer) => answer.text()))
    const { spent, reserved, cost } = await quotaOf(home, keyId)
    expect([spent, reserved]).toEqual([cost, 0])
  })

  it('gets back from the next start what a killed gateway held, and keeps what its calls did cost', async () => {
    home = await openProgramHome()
    const first = await home.start()
    const needed = await neededUsd(home, first.url)
    const { token, keyId } = await issue(home, '--budget-usd', (needed * 2).toFixed(9))
    home.provider.script({ fault: 'stall-first' }, { fault: 'stall-mid' })
    const cut = [ask(first.url, token), ask(first.url, token)].map((answer) =>
      answer.then((response) => response.text()).catch(() => 'cut'),
    )
    await home.provider.received(2)
    expect((await ask(first.url, token)).status).toBe(429)
    first.program.signal('SIGKILL')
    await first.program.ended
    await Promise.all(cut)
    expect((await quotaOf(home, keyId)).reserved).toBe(Math.round(needed * 2e9))

    const second = await home.start()
    const { spent, reserved, cost } = await quotaOf(home, keyId)
    expect([spent, reserved]).toEqual([cost, 0])
    expect(cost).toBeGreaterThan(0)
    expect((await ask(second.url, token)).status).toBe(200)
  })
})
