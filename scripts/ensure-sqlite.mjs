// After an install in this repository: makes sure that one SQLite driver loads. better-sqlite3 is optional, so npm drops it in
// silence when its binary can be neither fetched nor compiled. Compiling needs Node's headers, which node-gyp downloads although
// most installations of Node have brought them along: here it is pointed at those.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const guard = 'METIS_ENSURING_SQLITE'

if (process.env[guard] === undefined && !(await someDriverLoads())) buildFromOwnHeaders()

async function someDriverLoads() {
  return betterSqliteLoads() || (await nodeSqliteLoads())
}

function betterSqliteLoads() {
  try {
    const Database = createRequire(join(root, 'package.json'))('better-sqlite3')
    new Database(':memory:').close()
    return true
  } catch {
    return false
  }
}

/** Built into Node from 22.13 on. */
async function nodeSqliteLoads() {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    await import('node:sqlite')
    return true
  } catch {
    return false
  } finally {
    process.emitWarning = emitWarning
  }
}

function buildFromOwnHeaders() {
  const prefix = dirname(dirname(process.execPath))
  if (!existsSync(join(prefix, 'include/node/node.h'))) {
    console.error(
      `no SQLite driver: use Node 22.13 or newer, or let npm compile better-sqlite3 (Node's headers and a C++ compiler)`,
    )
    return
  }
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const wanted = `better-sqlite3@${optionalDependencies['better-sqlite3']}`
  console.error(`compiling ${wanted} with the headers in ${prefix}/include/node; this takes a minute or two`)
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', wanted], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, [guard]: '1', npm_config_nodedir: prefix, npm_config_build_from_source: 'true' },
  })
}
