#!/usr/bin/env node
/**
 * Entry point of the command line: finds the command, runs it on an in-process application, maps errors to exit codes.
 */
import { Command as Parser, CommanderError } from 'commander';
import { WorkbenchError, type ErrorCode } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';
import { toolVersion } from '../base/package-info';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOf, type Command, type CommandContext } from './command';
import { loadCommands } from './commands';
import { configure, createParser, flag, valuesOf } from './options';
import { oneLine, severalLines, toJson } from './output';

// Everything that the command line writes passes through these two functions or through the progress line.
const writeNote = (text: string): void => {
  process.stderr.write(`${severalLines(text)}\n`);
};

const writeResult = (text: string): void => {
  process.stdout.write(severalLines(text.endsWith('\n') ? text : `${text}\n`));
};

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const program = new Parser('calib')
    .usage('COMMAND ... [--json]')
    .description('Takes a trained ONNX model to INT8 and shows what that does before it ships.')
    .version(toolVersion(), '--version', 'show the version')
    .helpCommand('help [COMMAND]', 'show the help of a command')
    .helpOption('-h, --help', 'show this help')
    .addHelpText(
      'after',
      `\ncalib COMMAND --help shows the options of a command. --json prints one JSON document on stdout.
Progress goes to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 gate not met, 4 environment missing, 130 cancelled,
143 a shard was stopped by SIGTERM and can be continued.`,
    );
  configure(program, 'COMMAND');
  let exitCode = EXIT_OK;
  for (const command of await loadCommands(argv[0])) {
    const options = { ...command.options, json: flag('print one JSON document on stdout') };
    const parser = createParser({ ...command, options });
    parser.action(async () => {
      exitCode = await runCommand(command, parser);
    });
    program.addCommand(parser);
  }
  if (argv.length === 0) {
    writeResult(program.helpInformation());
    return EXIT_USAGE;
  }
  const current = program.commands.find((parser) => parser.name() === argv[0]) ?? program;
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help or the version was printed.
    if (error instanceof CommanderError) return EXIT_OK;
    if (argv.includes('--json')) {
      const { code, message, hint } = toWireError(error);
      writeResult(toJson({ error: { code, message, hint } }));
    }
    return reportError(error, current);
  }
}

async function runCommand(command: Command, parser: Parser): Promise<number> {
  const isJson = parser.getOptionValue('json') === true;
  const note = (line: string): void => writeNote(oneLine(line));
  const values = valuesOf(parser, command.options);
  // Processes that the command needs start while the code of the application is loaded.
  const { threads } = command;
  const compute = threads === undefined ? null : (await import('../app/create-compute')).computeWith(threads, values);
  // The application is loaded only now, so that help and usage errors appear at once.
  const [{ createWorkbench }, { runAnalysisToEnd, runJobToEnd }, { renderBlocks }] = await Promise.all([
    import('../app/create-workbench'),
    import('./run-job'),
    import('./text-table'),
  ]);
  const api = createWorkbench({ onWait: note, ...(compute === null ? {} : { compute }) });
  const context: CommandContext = {
    api,
    isJson,
    note,
    print: (result, asText) => writeResult(isJson ? toJson(result) : renderBlocks(asText(result))),
    runJob: (spec) => runJobToEnd(api, spec, process.stderr),
    runAnalysis: (spec) => runAnalysisToEnd(api, spec, process.stderr),
  };
  try {
    return await command.run(values, parser.args, context);
  } finally {
    api.dispose();
  }
}

function reportError(error: unknown, parser: Parser): number {
  const name = parser.parent === null ? 'calib' : `calib ${parser.name()}`;
  if (!(error instanceof WorkbenchError)) {
    writeNote(`${name}: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_FAILED;
  }
  writeNote(oneLine(`${name}: ${error.message}`));
  if (error.hint !== undefined) writeNote(oneLine(`  ${error.hint}`));
  if (error.code === 'usage') writeNote(`\n${parser.helpInformation()}`);
  if (showsCause(error.code) && error.cause instanceof Error) writeNote(error.cause.stack ?? error.cause.message);
  return exitCodeOf(error.code);
}

/**
 * Errors of our own code or of the machine are printed with the stack of their cause, which is useful in a bug report.
 */
function showsCause(code: ErrorCode): boolean {
  return code === 'internal' || code === 'compute-crashed' || process.env['CALIB_DEBUG'] !== undefined;
}

// The reader of a pipe (`| head`) may close it early. The rest of the output is then dropped.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_OK);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
