// One provider whose models are at several addresses, or speak several wires: the model's name decides, for each call.
import type { ModelRef } from '../catalog/models.ts'
import type { Provider } from './provider.ts'

export interface Branch {
  readonly models: RegExp
  readonly provider: Provider
}

/** `main` has what no branch claims. */
export function createBranching(main: Provider, branches: readonly Branch[]): Provider {
  const providerOf = ({ name }: ModelRef): Provider => branches.find(({ models }) => models.test(name))?.provider ?? main
  return {
    ...main,
    send: (request, model, signal) => providerOf(model).send(request, model, signal),
    countTokens: (request, model, signal) => providerOf(model).countTokens(request, model, signal),
  }
}
