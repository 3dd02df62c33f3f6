import type { Feed } from '../feeds';
import type { OpenvinoVariant } from '../runnable-variant';
import type { TimedModel } from '../timed-model';
import { compileModel } from './openvino-model';
import { translatedAsync } from './runtime';

/** A compiled model whose inferences are timed in native code, several at a time with `streams`. */
export async function openTimedOpenvino(
  variant: OpenvinoVariant,
  { feeds, threads, streams }: { readonly feeds: readonly Feed[]; readonly threads: number; readonly streams: number },
): Promise<TimedModel> {
  const model = await compileModel({ variant, threads, streams, shapesOf: feeds });
  const own = model.feedsOf(feeds);
  return {
    fallsBack: false,
    time: (iterations) =>
      translatedAsync(model.native.time(own, streams, Math.max(1, Math.ceil(iterations / streams)))),
  };
}
