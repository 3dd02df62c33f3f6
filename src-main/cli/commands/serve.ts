import { DEFAULT_PORT } from '../../serve/address';
import type { RunningServer } from '../../serve/serve';
import { defineCommand, EXIT_OK, present, type CommandContext } from '../command';
import { realNumber, text, wholeNumber } from '../options';

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'serve the workbench to a browser until Ctrl-C; prints the address',
  positionals: ['[PROJECT]'],
  options: {
    port: wholeNumber('P', `default: ${DEFAULT_PORT}, or a free port if that is in use; 0 takes a free port`, {
      min: 0,
      max: 65_535,
    }),
    root: text('DIR', 'pages may open what is below DIR (default: the folder of the project, else the home folder)'),
    host: text('ADDRESS', 'default: 127.0.0.1; another address lets other machines connect, without encryption'),
    'max-upload': realNumber(
      'GB',
      'limit on all files that are dropped on the page (default: 4)',
      'a number of gigabytes',
      (gigabytes) => gigabytes > 0,
    ),
  },
  async run(values, [projectPath], context) {
    const { serve } = await import('../../serve/serve');
    const server = await serve(
      context.api,
      present({
        projectPath,
        host: values.host,
        port: values.port,
        root: values.root,
        maxUploadBytes: values['max-upload'] === undefined ? undefined : values['max-upload'] * 1e9,
      }),
    );
    const { url, port, token, root } = server;
    context.print({ url, port, token, root }, () => [url]);
    return untilInterrupted(server, context);
  },
});

/** Reports the folder that the server is confined to, and closes the server on Ctrl-C. */
export async function untilInterrupted(server: RunningServer, { note }: Pick<CommandContext, 'note'>): Promise<number> {
  note(`Serving what is below ${server.root}; Ctrl-C ends it.`);
  if (!server.isLoopback)
    note(
      'Other machines can connect, and what they send is not encrypted: everyone with this address can use ' +
        'the workbench.',
    );
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
  const uploads = await server.close();
  if (uploads !== null) note(`Uploaded files are in ${uploads}; remove it when no project uses them.`);
  return EXIT_OK;
}
