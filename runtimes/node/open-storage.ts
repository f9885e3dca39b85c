// The database that an address names, whichever it is.
import type { Storage } from '../../src/store/storage.ts'
import type { DatabaseAddress } from './database-address.ts'

export interface NodeStorage extends Storage {
  /** Keeps the instance's heartbeat, once its row is there; `register` puts it there again when somebody took it for dead. */
  watch(instanceId: string, register: () => Promise<void>): void
}

export interface OpenStorageOptions {
  readonly readonly?: boolean
  /** No file is made where there is none. */
  readonly mustExist?: boolean
  /** True for gateways: what a file needs is done in a thread, and changes of keys on a server are listened for. */
  readonly maintained: boolean
  /** Told when the maintenance thread dies by itself. */
  readonly onFault?: (error: unknown) => void
}

/** Loads the one driver that is needed. @throws StoreError for a database that cannot be ours; it is left as it was */
export async function openStorage(address: DatabaseAddress, options: OpenStorageOptions): Promise<NodeStorage> {
  const { maintained, onFault, readonly = false, mustExist = false } = options
  if (address.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.ts')
    return openPostgres(address, { readonly, listen: maintained })
  }
  const { openSqlite } = await import('./sqlite.ts')
  return openSqlite(address.path, {
    readonly,
    mustExist,
    maintenance: maintained ? maintenanceThreadUrl() : null,
    ...(onFault === undefined ? {} : { onFault }),
  })
}

/** Beside the bundle this code is in; null when it runs from source, where a worker cannot load it: then the work is done inline. */
function maintenanceThreadUrl(): URL | null {
  return import.meta.url.endsWith('.ts') ? null : new URL('./maintenance-thread.js', import.meta.url)
}
