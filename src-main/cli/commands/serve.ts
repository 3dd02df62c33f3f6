import { WorkbenchError } from '../../../src-shared/base/errors';
import { DEFAULT_PORT, serve, type RunningServer } from '../../serve/serve';
import { EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command, type CommandContext } from '../command';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'the workbench in a browser: prints an address and serves it until Ctrl-C',
  usage: `Usage: calib serve [PROJECT] [--port P] [--root DIR] [--host ADDRESS] [--max-upload GB] [--json]
  --port P          default ${DEFAULT_PORT}, or a free one while that is in use; 0 takes a free one
  --root DIR        pages may open what is below DIR (default: the project's folder, else the home folder)
  --host ADDRESS    default 127.0.0.1; another address lets other machines connect, unencrypted
  --max-upload GB   limit of all files that are dropped on the page (default 4)`,
  async run(argv, context) {
    const { values, positionals } = parseFlags(
      argv,
      {
        port: { type: 'string' },
        root: { type: 'string' },
        host: { type: 'string' },
        'max-upload': { type: 'string' },
      },
      { min: 0, max: 1, names: '[PROJECT]' },
    );
    const server = await serve(
      context.api,
      present({
        projectPath: positionals[0],
        host: values.host,
        port: wholeNumber('--port', values.port, 0, 65_535),
        root: values.root,
        maxUploadBytes: gigabytes(values['max-upload']),
      }),
    );
    if (values.json)
      context.print(toJson({ url: server.url, port: server.port, token: server.token, root: server.root }));
    else context.print(server.url);
    return untilInterrupted(server, context);
  },
};

function gigabytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new WorkbenchError('usage', `Expected --max-upload to be a number of gigabytes, found "${text}"`);
  return value * 1e9;
}

/** Says what the server is confined to, and closes it with Ctrl-C. */
export async function untilInterrupted(server: RunningServer, { note }: Pick<CommandContext, 'note'>): Promise<number> {
  note(`Serving what is below ${server.root}; Ctrl-C ends it.`);
  if (!server.isLoopback)
    note(
      'Other machines can connect, and what they send is not encrypted: everyone with this address can use the workbench.',
    );
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
  const uploads = await server.close();
  if (uploads !== null) note(`Uploaded files are in ${uploads}; remove it when no project uses them.`);
  return EXIT_OK;
}
