import { advise, type AdviceId } from '../../../src-shared/base/advice';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { DecoderChange } from '../../../src-shared/domain/tasks/decoder';
import type { Task, TaskGuess, TaskKind } from '../../../src-shared/domain/tasks/task';
import { changedDecoder } from '../../analysis/task-guess/change-decoder';
import { taskFacts } from '../../analysis/task-guess/graph-facts';
import { guessTask } from '../../analysis/task-guess/guess-task';
import { loadImageSet } from '../../calibration/images/image-set';
import type { Compute } from '../../compute/pool/protocol';
import { imageInputOf, imageInputs } from '../../onnx/graph/image-input';
import type { Model } from '../../onnx/graph/model';
import { readModel } from '../../onnx/wire/wire-reader';
import { withClassOrder } from './class-order';
import { fp32Variant, loadSet, prepared, projectFeeding, setRequest, workspaceOf, type Workspace } from './workspace';

/** Images whose outputs are looked at. */
const SAMPLE_IMAGES = 3;

/** The advice of an error that says that the model does not run at the size of its input. */
const CHOOSE_SIZE: AdviceId = 'choose-input-size';
/** The same as a note, in words for all interfaces. */
const OTHER_SIZE = 'Choose the size of the input that the model was made for.';

/** What is known about the task before it is guessed. */
export interface KnownTask {
  readonly kind?: TaskKind | undefined;
  readonly decoder?: DecoderChange | undefined;
}

/** The task that the shapes of the outputs suggest. */
export function taskFromShapes(model: Model, kind?: TaskKind): TaskGuess {
  return guessTask(taskFacts(model, [], { size: inputSizeOf(model), feeding: null }), kind);
}

/** The guess from the shapes alone, with the reason why the model does not run; null if the error is another one. */
function withoutRunning(source: Model, error: unknown): TaskGuess | null {
  if (!(error instanceof WorkbenchError) || error.advice?.id !== CHOOSE_SIZE) return null;
  const guess = taskFromShapes(source);
  return isCertain(guess, source) ? { ...guess, notes: [...guess.notes, error.message, OTHER_SIZE] } : null;
}

function leavesSizeOpen(model: Model): boolean {
  return imageInputs(model).some(({ width, height }) => width === null || height === null);
}

function inputSizeOf(model: Model): { readonly inputWidth: number; readonly inputHeight: number } | null {
  try {
    const { width, height } = imageInputOf(model);
    return width === null || height === null ? null : { inputWidth: width, inputHeight: height };
  } catch (error) {
    if (error instanceof WorkbenchError) return null;
    throw error;
  }
}

/**
 * The task of a project's model. If the shapes of the outputs do not decide it, the model is run on a few images of the
 * calibration set.
 * @throws WorkbenchError usage when a decoder does not fit; model-unsupported, not-found
 */
export async function projectTaskGuess(
  workspace: Workspace,
  compute: Compute,
  { kind, decoder }: KnownTask = {},
): Promise<TaskGuess> {
  const { file } = workspace;
  const source = readModel(file.model.path);
  const fromShapes = taskFromShapes(source, kind);
  const isDecided = decoder === undefined && isCertain(fromShapes, source);
  // A size that the model leaves open was chosen for it: whether the model runs at that size shows only when it runs.
  if (isDecided && !leavesSizeOpen(source)) return fromShapes;
  const feeding = projectFeeding(workspace, await prepared(workspace, compute, {}));
  const { entries } = await loadSet(workspace, 'calibration', SAMPLE_IMAGES);
  const classCount = await labelledClasses(file);
  return compute.request(
    'guess-task',
    {
      variant: fp32Variant(workspace),
      feeding,
      entries,
      ...(kind === undefined ? {} : { kind }),
      ...(decoder === undefined ? {} : { decoder }),
      ...(classCount === 0 ? {} : { classCount }),
    },
    {},
  );
}

/** Values tell nothing more about a single vector per image, unless its length is that of a detection. */
function isCertain({ task }: TaskGuess, { graph }: Model): boolean {
  if (task?.kind !== 'classification' && task?.kind !== 'embedding') return false;
  return !graph.output.some(({ tensorType }) => {
    const last = tensorType?.shape?.at(-1);
    return last?.kind === 'value' && (last.value === 6 || last.value === 7);
  });
}

async function labelledClasses(file: ProjectFile): Promise<number> {
  if (file.validationSet === null) return 0;
  const { classNames } = await loadImageSet(setRequest(file.validationSet, file, 'validation'));
  return classNames.length;
}

/**
 * The project with its guessed task and the reasons. A task or decoder that was asked for must fit; otherwise a guess
 * that fails leaves the task undecided.
 */
export async function withGuessedTask(workspace: Workspace, compute: Compute, known: KnownTask): Promise<ProjectFile> {
  const { file } = workspace;
  if (known.kind !== undefined || known.decoder !== undefined)
    return withClassOrder(workspace, { ...file, task: await requiredTask(workspace, compute, known) }, compute);
  try {
    const { task, notes } = await runnableGuess(workspace, compute);
    const decided: ProjectFile = { ...file, ...(task === null ? {} : { task }), taskNotes: notes };
    // Labels are looked for by the task, which must not make a set unusable that could be read before.
    if (file.validationSet) await loadImageSet(setRequest(file.validationSet, decided, 'validation'));
    return await withClassOrder(workspace, decided, compute);
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    const more = error.advice?.id === CHOOSE_SIZE ? [OTHER_SIZE] : [];
    return { ...file, taskNotes: [`The task could not be guessed: ${error.message}`, ...more] };
  }
}

/** The guess of projectTaskGuess; that from the shapes alone if the model does not run at the size that was chosen. */
async function runnableGuess(workspace: Workspace, compute: Compute): Promise<TaskGuess> {
  try {
    return await projectTaskGuess(workspace, compute);
  } catch (error) {
    const guess = withoutRunning(readModel(workspace.file.model.path), error);
    if (guess === null) throw error;
    return guess;
  }
}

async function requiredTask(workspace: Workspace, compute: Compute, known: KnownTask): Promise<Task> {
  if (known.kind === 'custom') {
    throw new WorkbenchError('usage', 'The task custom needs a metric of your own: a module or a command', {
      hint: advise('name-metric'),
    });
  }
  const { task, notes } = await projectTaskGuess(workspace, compute, known);
  if (task !== null) return task;
  throw new WorkbenchError('usage', notes.join(' '), { hint: 'Give the task with all its settings.' });
}

/** Edits whose result depends on the outputs of the model. */
export type GuessedEdit = Extract<ProjectEdit, { readonly kind: 'task-kind' | 'decoder' }>;

/** The same edits with the tasks that were found from the outputs of the model. */
export async function withoutGuesses(
  edits: readonly ProjectEdit[],
  { path, file }: Workspace,
  compute: Compute,
): Promise<readonly Exclude<ProjectEdit, GuessedEdit>[]> {
  const preprocessing = edits.findLast((edit) => edit.kind === 'preprocessing')?.preprocessing ?? file.preprocessing;
  const workspace = workspaceOf(path, { ...file, preprocessing });
  const resolved: Exclude<ProjectEdit, GuessedEdit>[] = [];
  for (const edit of edits) {
    if (edit.kind === 'task-kind')
      resolved.push({ kind: 'task', task: await requiredTask(workspace, compute, { kind: edit.task }) });
    else if (edit.kind === 'decoder')
      resolved.push({ kind: 'task', task: await withDecoder(workspace, compute, edit.decoder) });
    else resolved.push(edit);
  }
  return resolved;
}

const SHAPES = ['outputs', 'strides', 'columns', 'classes', 'background'] as const;

/** The parameters that a change takes away. */
function takenAway(change: DecoderChange): DecoderChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value === null));
}

async function withDecoder(workspace: Workspace, compute: Compute, change: DecoderChange): Promise<Task> {
  const { task } = workspace.file;
  if (task?.kind !== 'detection' || (change.kind ?? task.decoder.kind) !== task.decoder.kind)
    return requiredTask(workspace, compute, { decoder: change });
  const decoder = changedDecoder(task.decoder, change);
  // Parameters that the shapes of the outputs may contradict are tried on images.
  if (SHAPES.some((name) => name in change))
    await projectTaskGuess(workspace, compute, { decoder: { ...decoder, ...takenAway(change) } });
  return { ...task, decoder };
}
