import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { errnoOf } from '../../base/file-errors';

const HOST = '127.0.0.1';

export interface MetricsServer {
  /** Address of the metrics: `http://127.0.0.1:9101/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Answers GET /metrics on this machine only. @param port 0: a free one. @throws WorkbenchError usage if it is taken */
export async function startMetricsServer(port: number, text: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(isRead ? 404 : 405).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text());
  });
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${actual}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = errnoOf(error) === 'EADDRINUSE' ? 'another program uses it' : error.message;
      reject(new WorkbenchError('usage', `Port ${port} of ${HOST} cannot be opened: ${reason}`, { cause: error }));
    });
    server.listen(port, HOST, resolve);
  });
}
