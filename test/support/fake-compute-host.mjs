// A compute process that does what its script says: a JSON file (path in CALIB_FAKE_COMPUTE), read anew at each
// request, method -> list of steps, each one of {"progress": {phase, done, total, unit}} | {"result": any} | {"pid":
// true} | {"error": {code, message, hint}, "mustRestartProcess": boolean} | {"exit": code} {"hang": true}: never
// answers, not even to a cancel | {"waitForCancel": true}: answers a cancel properly A request without a script answers
// null.
import { readFileSync } from 'node:fs';

const cancelled = new Set();
const waiting = new Set();
const cancelledError = { code: 'cancelled', message: 'Cancelled' };
const send = (message) => process.send(message);

function perform(id, steps) {
  for (const step of steps) {
    if (step.progress) send({ type: 'progress', id, progress: step.progress });
    else if ('result' in step) return send({ type: 'result', id, result: step.result });
    else if (step.pid) return send({ type: 'result', id, result: process.pid });
    else if (step.error)
      return send({ type: 'error', id, error: step.error, mustRestartProcess: step.mustRestartProcess ?? false });
    else if ('exit' in step) return process.exit(step.exit);
    else if (step.hang) return undefined;
    else if (step.waitForCancel) {
      if (cancelled.has(id)) return send({ type: 'error', id, error: cancelledError });
      return waiting.add(id);
    }
  }
  return send({ type: 'result', id, result: null });
}

process.on('message', (message) => {
  if (message.type === 'request') {
    const script = JSON.parse(readFileSync(process.env['CALIB_FAKE_COMPUTE'], 'utf8'));
    perform(message.id, script[message.method] ?? []);
    return;
  }
  cancelled.add(message.id);
  if (waiting.delete(message.id)) send({ type: 'error', id: message.id, error: cancelledError });
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
