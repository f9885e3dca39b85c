// Whether serve is one program with the gateway, on no machine: then there are no commands, and clients call serve's own address.
import { defaultEveryMs, query, useAnswers } from '../api.ts'

interface ServerVersion {
  readonly serverless: boolean
}

/** null until serve has said it. Where it does not say it, a machine is what it most likely is. */
export function useServerless(): boolean | null {
  const { all, failure } = useAnswers({ server: query<ServerVersion>('/server/version', defaultEveryMs, () => true) })
  return all?.server.serverless ?? (failure === null ? null : false)
}
