import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import { decodeDetections } from '../../analysis/decoders/decode-detections';
import { imageOutputs } from '../../analysis/image-outputs';
import { withDecoderChange } from '../../analysis/task-guess/change-decoder';
import { taskFacts } from '../../analysis/task-guess/graph-facts';
import { guessTask as guessFrom } from '../../analysis/task-guess/guess-task';
import { stackImages } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import type { OutputTensor } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import { readModel } from '../../onnx/wire/wire-reader';
import type { GuessTaskParams } from '../pool/protocol';

interface Sample {
  readonly outputs: readonly OutputTensor[];
  readonly geometry: ImageGeometry | null;
}

/** Guesses the task from the values of the outputs for a few images. Images that cannot be read are left out. */
export async function guessTask(params: GuessTaskParams): Promise<TaskGuess> {
  const { variant, feeding, kind, decoder, classCount } = params;
  const all = await runOnImages(params);
  const geometry = all.find((sample) => sample.geometry !== null)?.geometry ?? null;
  // Where the size of the input follows the image, the shapes of the outputs do, too.
  const samples = all.filter((sample) => sizeText(sample.geometry) === sizeText(geometry));
  const model = readModel(variant.modelPath);
  const facts = {
    ...taskFacts(
      model,
      samples.map(({ outputs }) => outputs),
      { size: geometry, feeding },
    ),
    ...(classCount === undefined ? {} : { classCount }),
  };
  const guess = guessFrom(facts, decoder === undefined ? kind : 'detection');
  if (decoder === undefined) return guess;
  const names = model.graph.output.map(({ name }) => name);
  const chosen = withDecoderChange(guess, decoder, names);
  if (chosen.task?.kind === 'detection')
    for (const sample of samples)
      if (sample.geometry !== null) decodeDetections(chosen.task.decoder, sample.outputs, sample.geometry);
  return chosen;
}

function sizeText(geometry: ImageGeometry | null): string {
  return geometry === null ? '' : `${geometry.inputWidth}x${geometry.inputHeight}`;
}

async function runOnImages({ variant, feeding, entries }: GuessTaskParams): Promise<readonly Sample[]> {
  const loader = createFeedLoader(feeding);
  const batch = feeding.fixedBatch ?? 1;
  const session = await OrtSession.open({ ...variant, model: variant.modelPath, threads: 1 });
  const samples: Sample[] = [];
  try {
    for (const entry of entries) {
      try {
        const image = await loader.load(entry);
        const outputs = imageOutputs(await session.run(stackImages(feeding, [image], batch)), 0, batch);
        samples.push({ outputs, geometry: image.geometry });
      } catch (error) {
        if (!(error instanceof WorkbenchError && error.code === 'image-invalid')) throw error;
      }
    }
  } finally {
    await session.close();
  }
  return samples;
}
