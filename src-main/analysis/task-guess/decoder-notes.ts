import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { TaskGuess } from '../../../src-shared/domain/tasks/task';

/** Values of a decoder that are the same for all guesses, unless a layout says otherwise. */
export const BASE_DECODER = { minScore: 0.01, classAgnostic: false, maxDetections: 100 };
/** Intersection over union above which boxes are suppressed, for models that leave this to the user. */
export const NMS_IOU = 0.65;

type Guessed = Omit<Decoder, keyof typeof BASE_DECODER | 'nmsIou'> & Partial<Pick<Decoder, 'minScore'>>;

const FORMS: Readonly<Record<Decoder['boxForm'], string>> = {
  cxcywh: 'centre and size',
  xyxy: 'two corners',
  xywh: 'left top corner and size',
  yxyx: 'two corners, y before x',
};
const UNITS: Readonly<Record<Decoder['boxUnit'], string>> = {
  pixels: "pixels of the network's input",
  fraction: "fractions of the network's input",
  original: 'pixels of the original image',
};

/**
 * The guess of a detector, with a sentence for every part of the decoder.
 * @param suppresses whether boxes that overlap have to be removed, because the model does not do it.
 * @param hasValues whether the values of images were looked at; without them only the layout is certain.
 */
export function detectionGuess(
  guessed: Guessed,
  given: { readonly suppresses: boolean; readonly hasValues: boolean; readonly reason: string },
): TaskGuess {
  const { suppresses, hasValues, reason } = given;
  const decoder: Decoder = { ...BASE_DECODER, ...guessed, nmsIou: suppresses ? NMS_IOU : null };
  return {
    task: { kind: 'detection', decoder },
    notes: [
      `Detection: ${reason}`,
      ...(hasValues
        ? valueNotes(decoder)
        : ['The form of the boxes and scores can only be found from the values for images.']),
      suppresses
        ? `Boxes of a class that overlap by more than ${NMS_IOU} (intersection over union) are suppressed.`
        : 'Boxes that overlap are not suppressed, because the model does it.',
    ],
  };
}

function valueNotes({ boxForm, boxUnit, strides, activation, background, classOffset }: Decoder): readonly string[] {
  return [
    strides === undefined
      ? `Boxes: ${FORMS[boxForm]}, in ${UNITS[boxUnit]}.`
      : `Boxes: relative to the cells of grids with strides ${strides.join(', ')}.`,
    activation === 'none'
      ? 'Scores: used as they are, because they lie between 0 and 1.'
      : `Scores: ${activation}, because the values are no probabilities.`,
    ...(background === undefined ? [] : [`The ${background} score of a box stands for "no object".`]),
    ...(classOffset === undefined ? [] : [`Classes are counted from ${classOffset}.`]),
  ];
}
