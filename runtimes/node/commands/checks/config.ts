// The configuration file, and what it becomes together with the environment.
import { ConfigError } from '../../../../src/config/errors.ts'
import { resolveConfig } from '../../../../src/config/resolve.ts'
import type { Config } from '../../../../src/config/schema.ts'
import { presets } from '../../../../src/providers/presets.ts'
import { readConfigFile } from '../../config-file.ts'
import { withCredentialFiles } from '../../credential-files.ts'
import type { PathChoices, NodePaths } from '../../paths.ts'
import { lineOf } from '../faults.ts'
import type { Finding } from './finding.ts'

/** `config`: null when the file or the environment has a fault. */
export function checkConfig(
  paths: NodePaths,
  choices: PathChoices,
  env: Readonly<Record<string, string | undefined>>,
): { findings: readonly Finding[]; config: Config | null } {
  try {
    const file = readConfigFile({ home: paths.home, ...(choices.config === undefined ? {} : { path: choices.config }) })
    const config = resolveConfig({ file: file.content, env: withCredentialFiles(env), presets })
    const message = file.path === null ? `no ${paths.configPath}: defaults and environment` : file.path
    // The file's own warnings are about its mode, which has a check that can mend it.
    const warnings = config.warnings.map((warning): Finding => ({ check: 'config', level: 'warning', ...warning }))
    return { config, findings: [{ check: 'config', level: 'ok', message }, ...warnings] }
  } catch (error) {
    const faults = error instanceof ConfigError ? error.issues.map((issue) => `${issue.path}: ${issue.message}`) : [lineOf(error)]
    return {
      config: null,
      findings: faults.map((message) => ({
        check: 'config',
        level: 'fault',
        message,
        mend: `edit ${paths.configPath}, or the environment`,
      })),
    }
  }
}
