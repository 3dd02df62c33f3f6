// Stands in for the process that times one variant: 1 ms an image for fp32, 2 ms for others. fp16 is killed at its
// second request; int8 on a GPU has layers that fall back to the CPU.
let perRunMs = 0;
let variant = null;
process.on('message', ({ type, id, method, params }) => {
  if (type !== 'request') return;
  const answer = (result) => process.send({ type: 'result', id, result });
  if (method === 'open') {
    variant = params.variant;
    perRunMs = (variant.variant === 'fp32' ? 1 : 2) * params.batch;
    const isGpu = variant.gpu !== undefined;
    answer({
      memoryMb: isGpu ? null : 5,
      millisecondsPerRun: perRunMs,
      fallsBack: isGpu && variant.variant.startsWith('int8'),
    });
  } else if (variant.variant === 'fp16') process.kill(process.pid, 'SIGSEGV');
  else
    answer({
      latenciesMs: Array.from({ length: params.iterations }, () => perRunMs),
      wallMs: params.iterations * perRunMs,
    });
});
process.on('disconnect', () => process.exit(0));
