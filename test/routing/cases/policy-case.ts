// A policy file, a request and a state of the world, and where the request then goes (contract.md §3).
import type { Config } from '../../../src/config/schema.ts'
import type { Part, RequestContent } from '../../../src/ir/request.ts'
import { configWith } from '../../catalog/config.ts'
import type { Question } from '../open-tables.ts'

export interface PolicyCase {
  readonly claim: string
  readonly config?: Config
  /** `<workspace>/.metis/routing.yaml`. */
  readonly policy?: string
  /** The file in the home. */
  readonly global?: string
  readonly request?: Question
  /** The last message of the user. */
  readonly says?: string
  /** Stands before it. */
  readonly history?: readonly Part[]
  /** UTC. */
  readonly at?: string
  /** USD: `today`, `today user ada`, `month team web`; `cap team web` is a monthly cap. */
  readonly spent?: Readonly<Record<string, number>>
  /** Models that failed five times, providers that refused the credential. */
  readonly trouble?: readonly string[]
  /** Turns that the pattern slot has learned from; absent = it is off. */
  readonly learned?: readonly {
    readonly says: string
    readonly model: string
    readonly status: 'ok' | 'failed'
    readonly times: number
  }[]
  /** null = refused. */
  readonly winner: string | null
  /** The slots that had something to say: `rule chose`, `rule rejected no_tool_support`. */
  readonly chain: readonly string[]
}

/** Every model that a case names, and a default, so that a rule that does not hold shows. */
export const shop = configWith(['anthropic', 'openai', 'deepseek'], {
  default_model: 'openai:gpt-5-mini',
  providers: { local: { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1', models: ['qwen3'] } },
  aliases: { fast: 'local:qwen3' },
})

export const ruled = { winner: 'anthropic:claude-haiku-4-5', chain: ['rule chose'] } as const
export const passedOver = { winner: 'openai:gpt-5-mini', chain: ['global_default chose'] } as const

export const always = (model: string, name = 'always'): string => `rules:\n  - { name: ${name}, model: "${model}" }\n`

/** One rule with this condition. */
export const haikuWhen = (when: string): string => `rules:\n  - name: small\n    when: { ${when} }\n    model: haiku\n`

export function contentOf(says: string | undefined, history: readonly Part[] = []): RequestContent {
  const message = (role: 'user' | 'assistant', parts: readonly Part[], index: number) => ({
    role,
    parts,
    path: `messages[${index}]`,
  })
  return {
    system: [{ type: 'text', text: 'The system says: deploy, refactor, urgent.' }],
    messages: [
      message('user', [{ type: 'text', text: 'An earlier question: translate.' }], 0),
      message('assistant', [{ type: 'text', text: 'An answer: invoice.' }, ...history], 1),
      ...(says === undefined ? [] : [message('user', [{ type: 'text', text: says }], 2)]),
    ],
    tools: [],
    stop: [],
    unmapped: {},
  }
}
