import type { Connection } from '../api/connection';
import { useFiles } from '../state/files';
import { useJobs } from '../state/jobs';
import { useSession } from '../state/session';

/** Connects the stores to the application, and reads everything again when a lost connection is back. */
export function bindApplication(connection: Connection): void {
  useFiles.getState().connect(connection);
  useSession.getState().connect(connection.api);
  useJobs.getState().connect(connection.api);
  let isFirst = true;
  connection.onStatus((status) => {
    useSession.getState().setConnection(status);
    if (status.state !== 'online') return;
    // The first list is on its way already.
    if (!isFirst) void useJobs.getState().reload();
    isFirst = false;
  });
}
