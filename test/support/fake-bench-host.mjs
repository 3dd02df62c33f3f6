// Stands in for the process that times one variant: 1 ms an image for fp32, 2 ms for others. fp16 is killed at its second question;
// int8 on a GPU has layers that fall back to the CPU.
let perRunMs = 0;
let variant = null;
process.on('message', (message) => {
  if (message.type === 'open') {
    variant = message.variant;
    perRunMs = (variant.variant === 'fp32' ? 1 : 2) * message.batch;
    const isGpu = variant.gpu !== undefined;
    process.send({
      type: 'opened',
      memoryMb: isGpu ? null : 5,
      millisecondsPerRun: perRunMs,
      fallsBack: isGpu && variant.variant.startsWith('int8'),
    });
  } else if (variant.variant === 'fp16') process.kill(process.pid, 'SIGSEGV');
  else process.send({ type: 'timed', latenciesMs: Array.from({ length: message.iterations }, () => perRunMs) });
});
process.on('disconnect', () => process.exit(0));
