import { WorkbenchError } from '../../../src-shared/base/errors';
import { type Decoder, type DecoderChange, decoderSchema } from '../../../src-shared/domain/tasks/decoder';
import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import { parse } from '../../../src-shared/base/schema';
import { BASE_DECODER, NMS_IOU } from './decoder-notes';

/** Layouts of models that select the detections themselves. */
const SELECTED: readonly Decoder['kind'][] = ['end-to-end', 'detr', 'torchvision', 'efficient-nms'];
/** The number of outputs of layouts with several. */
const OUTPUT_COUNTS: Readonly<Partial<Record<Decoder['kind'], number>>> = {
  detr: 2,
  'boxes-scores': 2,
  torchvision: 3,
  'efficient-nms': 4,
};

/** A decoder with other parameters; null takes an optional one away. */
export function changedDecoder(decoder: Decoder, change: DecoderChange): Decoder {
  const isTakenAway = ([name, value]: readonly [string, unknown]): boolean => value === null && name !== 'nmsIou';
  return parse(
    decoderSchema,
    Object.fromEntries(Object.entries({ ...decoder, ...change }).filter((entry) => !isTakenAway(entry))),
  );
}

/**
 * The guess with the parameters that a person chose. If the layout differs from the guessed one, the parameters that
 * were not chosen have usual values.
 * @param outputNames all outputs of the model.
 * @throws WorkbenchError usage
 */
export function withDecoderChange(guess: TaskGuess, change: DecoderChange, outputNames: readonly string[]): TaskGuess {
  const guessed = guess.task?.kind === 'detection' ? guess.task.decoder : null;
  const kind = change.kind ?? guessed?.kind;
  if (kind === undefined) {
    throw new WorkbenchError(
      'usage',
      `The layout of a detector cannot be found from the outputs. ${guess.notes.join(' ')}`,
      {
        hint: 'Name the layout of the decoder.',
      },
    );
  }
  const base = guessed?.kind === kind ? guessed : usualDecoder(kind, outputsOf(kind, change, { guessed, outputNames }));
  const decoder = changedDecoder(base, change);
  const unknown = decoder.outputs.find((name) => !outputNames.includes(name));
  if (unknown !== undefined) {
    throw new WorkbenchError(
      'usage',
      `The decoder names the output "${unknown}", which the model does not have; its outputs are ` +
        outputNames.map((name) => `"${name}"`).join(', '),
    );
  }
  return { task: { kind: 'detection', decoder }, notes: guessed?.kind === kind ? guess.notes : [] };
}

function usualDecoder(kind: Decoder['kind'], outputs: readonly string[]): Decoder {
  const isDetr = kind === 'detr';
  const hasCorners = SELECTED.includes(kind) || kind === 'boxes-scores';
  return {
    ...BASE_DECODER,
    kind,
    outputs,
    boxForm: hasCorners && !isDetr ? 'xyxy' : 'cxcywh',
    boxUnit: isDetr ? 'fraction' : 'pixels',
    activation: isDetr ? 'sigmoid' : 'none',
    nmsIou: SELECTED.includes(kind) ? null : NMS_IOU,
  };
}

function outputsOf(
  kind: Decoder['kind'],
  { outputs }: DecoderChange,
  { guessed, outputNames }: { readonly guessed: Decoder | null; readonly outputNames: readonly string[] },
): readonly string[] {
  if (outputs !== undefined) return outputs;
  const count = OUTPUT_COUNTS[kind] ?? 1;
  if (count === 1) return (guessed?.outputs ?? outputNames).slice(0, 1);
  if (count === 2 && guessed !== null && OUTPUT_COUNTS[guessed.kind] === 2) return [...guessed.outputs].reverse();
  throw new WorkbenchError(
    'usage',
    `The layout ${kind} has ${count} outputs, which cannot be told apart; name them in their order. The outputs of the ` +
      `model are ${outputNames.map((name) => `"${name}"`).join(', ')}`,
  );
}
