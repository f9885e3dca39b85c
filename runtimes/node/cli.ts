#!/usr/bin/env node
// The program: hands the process to the command that was asked for and leaves with its exit code.
import process from 'node:process'
import { processIo } from './commands/io.ts'
import { runCommand } from './commands/run.ts'

const code = await runCommand(process.argv.slice(2), processIo())
// Once what was printed is out; a kept-alive connection to a provider must not hold a finished command back.
process.stdout.write('', () => process.exit(code))
