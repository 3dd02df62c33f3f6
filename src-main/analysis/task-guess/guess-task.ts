import type { Task, TaskGuess, TaskKind } from '../../../src-shared/domain/tasks/task';
import { classificationOutput } from '../classification-output';
import { outputText, shapeOfImage, type OutputFacts, type TaskFacts } from './facts';
import { guessDetection } from './guess-detection';
import { guessSegmentation } from './guess-segmentation';

/** Names that exporters give to embeddings. */
const EMBEDDING_NAMES = /embed|feature|descriptor|fc1\b/i;

/**
 * Guesses what a model does from its outputs. Classification is the default for [batch, classes]; an embedding has this
 * shape, too, and is recognized by its name or by its division by its length.
 * @param kind the task, if it is known; only its settings are guessed then.
 */
export function guessTask(facts: TaskFacts, kind?: TaskKind): TaskGuess {
  const isAsked = (candidate: TaskKind): boolean => kind === undefined || kind === candidate;
  const notes: string[] = [];
  if (isAsked('detection')) {
    const found = guessDetection(facts);
    if (found?.task) return found;
    notes.push(...(found?.notes ?? []));
  }
  const classification = isAsked('classification') ? classificationOf(facts) : null;
  // A map beside the scores (of features, say) makes no segmentation if the labels have the classes of the scores.
  if (classification?.isLabelled === true) return classification.guess;
  if (isAsked('segmentation')) {
    const found = guessSegmentation(facts);
    if (found !== null) return found;
  }
  const embedding = isAsked('embedding') ? embeddingOf(facts, kind === 'embedding') : null;
  if (embedding !== null) return embedding;
  if (classification !== null) return classification.guess;
  const outputs = facts.outputs.map(outputText).join(', ');
  return {
    task: null,
    notes: [
      ...notes,
      kind === undefined
        ? `No task fits the outputs ${outputs}: variants are compared with FP32 by the error of the outputs.`
        : `The settings of the task ${kind} cannot be found from the outputs ${outputs}.`,
    ],
  };
}

interface GuessedClassification {
  readonly guess: TaskGuess;
  /** Whether the labels have as many classes as the output. */
  readonly isLabelled: boolean;
}

function classificationOf({ outputs, classCount }: TaskFacts): GuessedClassification | null {
  const shapes = outputs.map(({ dims }) => ({
    dims: dims.map((dim, axis) => dim ?? (axis === 0 ? 1 : Number.NaN)),
  }));
  const batch = shapes.map(({ dims }) => dims[0] ?? 1).find((size) => size >= 1) ?? 1;
  const found = outputs[classificationOutput(shapes, batch)];
  if (found === undefined) return null;
  const classes = shapeOfImage(found, 1).at(-1) ?? 0;
  const task: Task = { kind: 'classification' };
  const isLabelled = classCount === classes;
  const others =
    classCount === undefined || isLabelled ? [] : [`The labels have ${classCount} classes, the output has ${classes}.`];
  const notes = [`Classification: ${outputText(found)} holds one score for each class.`, ...others];
  return { guess: { task, notes }, isLabelled };
}

function embeddingOf({ outputs, normalizedOutputs }: TaskFacts, isKnown: boolean): TaskGuess | null {
  const isVector = (output: OutputFacts): boolean => {
    const [length = 0, ...others] = shapeOfImage(output, 1);
    return others.length === 0 && length >= 2 && output.dims.length >= 2 && !output.isInteger;
  };
  const vectors = outputs.filter(isVector);
  const isMarked = ({ name, dims }: OutputFacts): boolean =>
    normalizedOutputs.has(name) || (EMBEDDING_NAMES.test(name) && (dims[1] ?? 0) >= 64);
  const found = vectors.find(isMarked) ?? (isKnown ? vectors[0] : undefined);
  // A classifier that also gives its features remains a classifier.
  if (found === undefined || (!isKnown && vectors.some((other) => !isMarked(other)))) return null;
  return {
    task: { kind: 'embedding', output: found.name },
    notes: [
      normalizedOutputs.has(found.name)
        ? `Embedding: ${outputText(found)} is divided by its length.`
        : `Embedding: ${outputText(found)} is one vector for each image.`,
    ],
  };
}
