/** Entry point of one trial worker thread: runs tasks one after the other. */
import { parentPort } from 'node:worker_threads';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { toWireError } from '../../../src-shared/contract/errors';
import type { FromTrialWorker, ToTrialWorker, TrialTask, TrialTasks } from './trial-protocol';
import { TrialRunner } from './trial-runner';

const port = parentPort;
if (!port) throw new Error('trial-worker runs as a worker thread only');

let runner: TrialRunner | null = null;
let chain: Promise<void> = Promise.resolve();

const send = (message: FromTrialWorker): void => port.postMessage(message);

function perform<T extends TrialTask>(task: T, params: TrialTasks[T]['params']): Promise<TrialTasks[T]['result']> {
  if (!runner) throw new WorkbenchError('internal', 'A trial worker got a task before it was made');
  return runner[task](params as never);
}

port.on('message', (message: ToTrialWorker) => {
  chain = chain.then(async () => {
    if (message.type === 'stop') {
      port.close();
      return;
    }
    try {
      if (message.type === 'init') {
        runner = new TrialRunner(message.init);
        send({ type: 'result', id: message.id, result: null });
      } else {
        send({ type: 'result', id: message.id, result: await perform(message.task, message.params as never) });
      }
    } catch (error) {
      send({ type: 'error', id: message.id, error: toWireError(error) });
    }
  });
});
