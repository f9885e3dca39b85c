// Who changes things in tests.
import type { Author } from '../../src/store/audit.ts'

export const byTest: Author = { actor: 'tester', origin: 'test' }
