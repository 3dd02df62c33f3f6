import type { Server } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import { WorkbenchError } from '../../src-shared/base/errors';
import { errnoOf } from '../base/file-errors';
import { isLoopback } from '../transport/http-checks';

export const DEFAULT_PORT = 8723;

/**
 * Listens at `host` on the requested port. If no port is requested, it uses the default port, or a free port if the
 * default port is in use.
 * @returns the port
 * @throws WorkbenchError usage if the port or the address cannot be used
 */
export async function listenAnywhere(server: Server, host: string, wished: number | undefined): Promise<number> {
  try {
    return await listen(server, host, wished ?? DEFAULT_PORT);
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE' && wished === undefined) return listen(server, host, 0);
    throw listenError(error, host, wished ?? DEFAULT_PORT);
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((done, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function listenError(error: unknown, host: string, port: number): unknown {
  switch (errnoOf(error)) {
    case 'EADDRINUSE':
      return new WorkbenchError('usage', `Port ${port} is in use`, {
        hint: 'Choose another --port; 0 takes a free one.',
        cause: error,
      });
    case 'EACCES':
      return new WorkbenchError('usage', `Port ${port} needs more rights than this user has`, {
        hint: 'Choose a --port from 1024 on; 0 takes a free one.',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new WorkbenchError('usage', `${host} is not an address of this machine`, {
        hint: 'Name one that it has as --host, or 0.0.0.0 for all.',
        cause: error,
      });
    default:
      return error;
  }
}

const isAnyAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The host name for the address that is shown to the user. */
export function shownHost(host: string): string {
  return isAnyAddress(host) ? hostname() : host;
}

/** The names under which a browser may reach a server that is bound to `host`. */
export function hostNames(host: string): readonly string[] {
  const local = ['localhost', '127.0.0.1', '::1'];
  if (isLoopback(host)) return [host, ...local];
  if (!isAnyAddress(host)) return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address }) => address),
  );
  return [hostname(), ...local, ...addresses];
}
