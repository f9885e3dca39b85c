// The package's version, as --version, /server/version and the instance's row tell it.
import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version
