import { statSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { AnswerView, MaskView } from '../../../src-shared/contract/views';
import type { ImageGeometry, TaskAnswer } from '../../../src-shared/domain/tasks/answer';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { classificationOutput } from '../../analysis/classification-output';
import { imageOutputs, requireOutput } from '../../analysis/image-outputs';
import { type LabelMap, labelMapOf } from '../../analysis/label-map';
import { createTaskReader } from '../../analysis/task-reader';
import { type PreparedImage, stackImages } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import type { OnnxVariant, OutputTensor } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import type { ImageAnswersParams, ImageAnswersResult } from '../pool/variant-protocol';
import { roleOf, type WorkerRole } from '../pool/worker-role';

export interface AnswerMethods {
  readonly answer: { readonly params: ImageAnswersParams; readonly result: ImageAnswersResult };
}

/** Models that stay open: FP32 and the variants that a screen compares. */
const OPEN_SESSIONS = 4;
/** Outputs that are kept, so that other settings of a decoder need no inference; in bytes. */
const KEPT_OUTPUT_BYTES = 128e6;

/** Answers questions about single images. Sessions and outputs are kept from one question to the next. */
export async function createAnswerRole(): Promise<WorkerRole> {
  const answerer = new Answerer();
  return roleOf<AnswerMethods>({ answer: (params) => answerer.answer(params) });
}

class Answerer {
  private readonly sessions = new LRUCache<string, OrtSession>({
    max: OPEN_SESSIONS,
    dispose: (session) => void session.close(),
  });
  private readonly outputs = new LRUCache<string, readonly OutputTensor[]>({
    maxSize: KEPT_OUTPUT_BYTES,
    sizeCalculation: (outputs) =>
      1 + outputs.reduce((sum, { data, integers }) => sum + (data?.byteLength ?? integers?.byteLength ?? 0), 0),
  });

  async answer(params: ImageAnswersParams): Promise<ImageAnswersResult> {
    const image = await createFeedLoader(params.feeding).load(params.entry);
    const { geometry } = image;
    const answers: AnswerView[] = [];
    let fp32: readonly OutputTensor[] | null = null;
    for (const variant of params.variants) {
      try {
        const outputs = await this.outputsOf(variant, image, params);
        fp32 ??= outputs;
        answers.push(await answerView(outputs, fp32, { params, geometry }));
      } catch (error) {
        // A variant without an answer must not hide the others.
        answers.push({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return { size: geometry, answers };
  }

  private async outputsOf(
    variant: OnnxVariant,
    image: PreparedImage,
    { feeding, entry }: ImageAnswersParams,
  ): Promise<readonly OutputTensor[]> {
    const { modelPath, weightsDir, simulate } = variant;
    const model = JSON.stringify([modelPath, weightsDir, simulate]);
    const key = JSON.stringify([model, entry.path, entry.record, statSync(entry.path).mtimeMs, feeding]);
    const known = this.outputs.get(key);
    if (known !== undefined) return known;
    const session = this.sessions.get(model) ?? (await OrtSession.open({ ...variant, model: modelPath, threads: 1 }));
    this.sessions.set(model, session);
    const batch = feeding.fixedBatch ?? 1;
    const outputs = imageOutputs(await session.run(stackImages(feeding, [image], batch)), 0, batch);
    this.outputs.set(key, outputs);
    return outputs;
  }
}

interface AnswerContext {
  readonly params: Pick<ImageAnswersParams, 'task' | 'entry'>;
  readonly geometry: ImageGeometry | null;
}

async function answerView(
  outputs: readonly OutputTensor[],
  fp32: readonly OutputTensor[],
  { params: { task, entry }, geometry }: AnswerContext,
): Promise<AnswerView> {
  // A user's own metric runs a program of the user, which looking at an image must not start.
  if (task?.kind === 'custom' || task?.kind === 'embedding') return { kind: 'other' };
  if (task?.kind === 'segmentation') {
    if (geometry === null) return { kind: 'other' };
    return {
      kind: 'segmentation',
      mask: maskView(labelMapOf(requireOutput(outputs, task.output), task, geometry), geometry),
    };
  }
  const reader = createTaskReader(task);
  try {
    const answer = await reader.read(outputs, fp32, { entry, geometry, mask: null });
    return viewOf(answer, outputs, task);
  } finally {
    await reader.close();
  }
}

function viewOf(answer: TaskAnswer | null, outputs: readonly OutputTensor[], task: Task | null): AnswerView {
  if (answer?.kind === 'detection') return answer;
  if (answer?.kind !== 'classification') return { kind: 'other' };
  const name = task?.kind === 'classification' ? task.output : undefined;
  const scores =
    name === undefined ? outputs[classificationOutput(outputs, 1)]?.data : requireOutput(outputs, name).data;
  return {
    kind: 'classification',
    best: answer.top5.map((label) => ({ label, score: scores?.[label] ?? Number.NaN })),
  };
}

/** Class index of pixels without a class, and of classes that do not fit into a byte. */
const NOT_SHOWN = 255;

/** A label map as large as the network's input, with the part of the original image that it covers. */
export function maskView({ width, height, labels }: LabelMap, geometry: ImageGeometry): MaskView {
  const { scaleX, scaleY, offsetX, offsetY, inputWidth, inputHeight } = geometry;
  return {
    width,
    height,
    classes: Uint8Array.from(labels, (label) => (label >= 0 && label < NOT_SHOWN ? label : NOT_SHOWN)),
    left: -offsetX / scaleX,
    top: -offsetY / scaleY,
    right: (inputWidth - offsetX) / scaleX,
    bottom: (inputHeight - offsetY) / scaleY,
  };
}
