import { useEffect, useMemo, useState } from 'react';
import type { ProjectView } from '../../../../src-shared/contract/views';
import { isSame } from '../../../../src-shared/domain/project/decisions';
import type { Decoder, DecoderKind } from '../../../../src-shared/domain/tasks/decoder';
import type { Task, TaskGuess, TaskKind } from '../../../../src-shared/domain/tasks/task';
import { t } from '../../../i18n';
import { reportError } from '../../../state/notices';
import { useSession } from '../../../state/session';

/** The roles of a decoder's outputs, in the order of `Decoder.outputs`. */
export const OUTPUT_ROLES: Readonly<Record<DecoderKind, readonly OutputRole[]>> = {
  yolov5: ['all'],
  yolov8: ['all'],
  yolox: ['all'],
  'end-to-end': ['all'],
  detr: ['logits', 'boxes'],
  'boxes-scores': ['boxes', 'scores'],
  torchvision: ['boxes', 'labels', 'scores'],
  'efficient-nms': ['count', 'boxes', 'scores', 'classes'],
};
export type OutputRole = 'all' | 'logits' | 'boxes' | 'scores' | 'labels' | 'count' | 'classes';

/** Layouts whose models remove overlapping boxes themselves. */
const HAVE_NMS: ReadonlySet<DecoderKind> = new Set(['end-to-end', 'detr', 'torchvision', 'efficient-nms']);
const USUAL_NMS_IOU = 0.65;

/** The decoder with another layout: outputs of the same number are kept, others are taken in the model's order. */
export function withDecoderKind(decoder: Decoder, kind: DecoderKind, modelOutputs: readonly string[]): Decoder {
  const roles = OUTPUT_ROLES[kind];
  const outputs =
    decoder.outputs.length === roles.length
      ? decoder.outputs
      : roles.map((_, index) => modelOutputs[index] ?? modelOutputs[0] ?? '');
  const { strides, background, ...common } = decoder;
  return {
    ...common,
    kind,
    outputs,
    nmsIou: HAVE_NMS.has(kind) ? null : (decoder.nmsIou ?? USUAL_NMS_IOU),
    ...(kind === 'yolox' && strides !== undefined ? { strides } : {}),
    ...((kind === 'detr' || kind === 'boxes-scores') && background !== undefined ? { background } : {}),
  };
}

/** The decoder without an optional field, or with another value of it. */
export function withOptional<K extends 'strides' | 'background' | 'classOffset'>(
  decoder: Decoder,
  key: K,
  value: Decoder[K] | undefined,
): Decoder {
  return value === undefined ? without(decoder, key) : { ...decoder, [key]: value };
}

/** A copy without an optional field. */
export function without<T extends object>(value: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as T;
}

export interface TaskEditor {
  /** The task of the project; null: not decided. */
  readonly saved: Task | null;
  /** The task that is shown: the draft, or else the project's. */
  readonly value: Task | null;
  readonly isChanged: boolean;
  readonly change: (task: Task) => void;
  readonly discard: () => void;
  readonly apply: () => void;
  /** Another kind of task, whose settings are found from the outputs; null: not decided. */
  readonly choose: (kind: TaskKind | null) => void;
}

/** The task of a project, with settings that are tried out before they are used. */
export function useTask(project: ProjectView): TaskEditor {
  const saved = project.file.task ?? null;
  const edit = useSession((state) => state.edit);
  // A draft belongs to the task that it was made from; another task, by undo for example, drops it.
  const [draft, setDraft] = useState<{ readonly of: Task | null; readonly task: Task } | null>(null);
  const own = draft !== null && isSame(draft.of, saved) ? draft.task : null;
  return useMemo(
    () => ({
      saved,
      value: own ?? saved,
      isChanged: own !== null && !isSame(own, saved),
      change: (task: Task) => setDraft({ of: saved, task }),
      discard: () => setDraft(null),
      apply: () => {
        if (own !== null) void edit(t('task.edit'), [{ kind: 'task', task: own }]);
      },
      choose: (kind: TaskKind | null) => {
        setDraft(null);
        void edit(t('task.edit'), [kind === null ? { kind: 'task', task: null } : { kind: 'task-kind', task: kind }]);
      },
    }),
    [saved, own, edit],
  );
}

/** What the outputs of the model suggest; null until it is known, or if they cannot be computed. */
export function useTaskGuess({ path, file }: ProjectView): TaskGuess | null {
  const api = useSession((state) => state.api);
  const key = JSON.stringify([path, file.model.sha256, file.preprocessing, file.calibrationSet.path]);
  const [known, setKnown] = useState<{ readonly key: string; readonly guess: TaskGuess } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    api.getTaskGuess({ projectPath: path }).then((guess) => {
      if (isCurrent) setKnown({ key, guess });
    }, reportError);
    return () => {
      isCurrent = false;
    };
  }, [api, path, key]);
  return known?.key === key ? known.guess : null;
}

/** Up to `count` of the entries, spread evenly over the list. */
export function spreadOver<T>(entries: readonly T[], count: number): readonly T[] {
  if (entries.length <= count) return entries;
  return Array.from({ length: count }, (_, i) => entries[Math.floor(((i + 0.5) * entries.length) / count)] as T);
}
