import { openTimedOpenvino } from './openvino/timed-openvino';
import { OrtSession } from './ort-session';
import type { OnnxVariant, OpenvinoVariant, OutputTensor } from './runnable-variant';
import type { HowToTime, TimedModel, TimedRuns } from './timed-model';

export function openTimed(variant: OnnxVariant | OpenvinoVariant, how: HowToTime): Promise<TimedModel> {
  return variant.kind === 'openvino' ? openTimedOpenvino(variant, how) : openTimedOrt(variant, how);
}

async function openTimedOrt(variant: OnnxVariant, { feeds, threads }: HowToTime): Promise<TimedModel> {
  const { session, fallsBack } = await openSession(variant, threads);
  // Outputs are written into the same buffers every time, as a server would do.
  const first = await session.run(feeds);
  const buffers = new Map<string, OutputTensor>(
    first.filter((output) => output.data !== null).map((output) => [output.name, output]),
  );
  const time = async (iterations: number): Promise<TimedRuns> => {
    const latenciesMs: number[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < iterations; i++) {
      const begin = performance.now();
      await session.run(feeds, buffers);
      latenciesMs.push(performance.now() - begin);
    }
    return { latenciesMs, wallMs: performance.now() - startedAt };
  };
  return { fallsBack, time };
}

async function openSession(
  variant: OnnxVariant,
  threads: number,
): Promise<{ readonly session: OrtSession; readonly fallsBack: boolean }> {
  const options = { ...variant, model: variant.modelPath, threads };
  if (variant.gpu === undefined) return { session: await OrtSession.open(options), fallsBack: false };
  const whole = await OrtSession.open({ ...options, gpuOnly: true }).catch(() => null);
  return whole === null
    ? { session: await OrtSession.open(options), fallsBack: true }
    : { session: whole, fallsBack: false };
}
