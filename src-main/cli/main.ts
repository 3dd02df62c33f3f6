#!/usr/bin/env node
/** Entry point of the command line: finds the command, runs it on an in-process application, maps errors to exit codes. */
import { WorkbenchError, type ErrorCode } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';
import { createWorkbench } from '../app/create-workbench';
import { toolVersion } from '../base/package-info';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOf, toJson, type Command, type CommandContext } from './command';
import { COMMANDS } from './commands';
import { nearest } from './nearest';
import { runJobToEnd } from './run-job';
import { oneLine, severalLines } from './terminal-text';

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  const lines = COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return [
    'calib: takes a trained ONNX model to INT8 and shows what that does before it ships',
    '',
    'Usage: calib COMMAND ... [--json]',
    '',
    ...lines,
    '',
    'calib COMMAND --help shows the flags of a command. Exit codes: 0 ok, 1 failed, 2 usage, 3 gate not met, 4 environment missing, 130 cancelled.',
  ].join('\n');
}

// All that the command line writes goes through these two, and through the progress line.
const note = (text: string): void => {
  process.stderr.write(`${severalLines(text)}\n`);
};

const print = (text: string): void => {
  process.stdout.write(severalLines(text.endsWith('\n') ? text : `${text}\n`));
};

function reportError(error: unknown, command: Command): number {
  if (!(error instanceof WorkbenchError)) {
    note(
      `calib ${command.name}: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return EXIT_FAILED;
  }
  note(oneLine(`calib ${command.name}: ${error.message}`));
  if (error.hint !== undefined) note(oneLine(`  ${error.hint}`));
  if (error.code === 'usage') note(`\n${command.usage}`);
  if (showsDetail(error.code) && error.cause instanceof Error) note(error.cause.stack ?? error.cause.message);
  return exitCodeOf(error.code);
}

/** Where the cause is ours or the machine's, its trace belongs into the bug report. */
function showsDetail(code: ErrorCode): boolean {
  return code === 'internal' || code === 'compute-crashed' || process.env['CALIB_DEBUG'] !== undefined;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? EXIT_USAGE : EXIT_OK;
  }
  if (name === '--version') {
    process.stdout.write(`${toolVersion()}\n`);
    return EXIT_OK;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const near = nearest(
      name,
      COMMANDS.map((candidate) => candidate.name),
    );
    const message = `there is no command "${name}"${near === null ? '' : `; the nearest is "${near}"`}`;
    if (rest.includes('--json')) print(toJson({ error: { code: 'usage', message } }));
    note(`calib: ${oneLine(message)}\n\n${overview()}`);
    return EXIT_USAGE;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${command.usage}\n`);
    return EXIT_OK;
  }
  const workbench = createWorkbench({ onWait: (message) => note(oneLine(message)) });
  const context: CommandContext = {
    api: workbench,
    note: (text) => note(oneLine(text)),
    print,
    runJob: (spec) => runJobToEnd(workbench, spec, process.stderr),
  };
  try {
    return await command.run(rest, context);
  } catch (error) {
    if (rest.includes('--json')) {
      const { code, message, hint } = toWireError(error);
      context.print(toJson({ error: { code, message, hint } }));
    }
    return reportError(error, command);
  } finally {
    workbench.dispose();
  }
}

// The reader of a pipe (`| head`) may leave early: nothing is left to be said.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_OK);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
