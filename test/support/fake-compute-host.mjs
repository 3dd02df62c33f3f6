// A compute process that does what its script says (CALIB_FAKE_COMPUTE, JSON): method -> list of steps, each one of
//   {"progress": {phase, done, total, unit}} | {"result": any} | {"error": {code, message, hint}} | {"exit": code} | {"hang": true}
// A hanging request ignores cancel; a request without a script answers null. "waitForCancel" answers a cancel properly.
const script = JSON.parse(process.env['CALIB_FAKE_COMPUTE'] ?? '{}');
const cancelled = new Set();
const waiting = new Map();

const send = (message) => process.send(message);
const cancelledError = { code: 'cancelled', message: 'Cancelled' };

function perform(id, steps) {
  for (const step of steps) {
    if (step.progress) send({ type: 'progress', id, progress: step.progress });
    else if ('result' in step) return send({ type: 'result', id, result: step.result });
    else if (step.error) return send({ type: 'error', id, error: step.error });
    else if ('exit' in step) return process.exit(step.exit);
    else if (step.hang) return undefined;
    else if (step.waitForCancel) {
      if (cancelled.has(id)) return send({ type: 'error', id, error: cancelledError });
      waiting.set(id, true);
      return undefined;
    }
  }
  return send({ type: 'result', id, result: null });
}

process.on('message', (message) => {
  if (message.type === 'request') perform(message.id, script[message.method] ?? []);
  else {
    cancelled.add(message.id);
    if (waiting.delete(message.id)) send({ type: 'error', id: message.id, error: cancelledError });
  }
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
