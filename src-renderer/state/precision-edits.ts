import type { ProjectEdit } from '../../src-shared/contract/requests';
import type { ProjectDecisions } from '../../src-shared/domain/project/project';
import type { ProjectView } from '../../src-shared/contract/views';
import {
  choiceOf,
  withChoices,
  type PrecisionChoice,
  type PrecisionPlan,
} from '../../src-shared/domain/project/precision';
import { applyChange, isSame } from '../../src-shared/domain/project/decisions';

export type PrecisionEdit = Extract<ProjectEdit, { kind: 'precision' }>;

/**
 * An edit as screens create it: the session adds the base of precision edits, which is the choice shown at that time.
 */
export type ScreenEdit = Exclude<ProjectEdit, PrecisionEdit> | Omit<PrecisionEdit, 'base'>;

/** The precision edits of one request that the application has not answered yet, as layer -> choice. */
export interface PendingChoices {
  readonly choices: ReadonlyMap<string, PrecisionChoice>;
  /** Layer -> the choice that was shown when the edit was made. */
  readonly bases: ReadonlyMap<string, PrecisionChoice>;
}

/** An edit that the application refused because some of its layers had been changed meanwhile. */
export interface EditConflict {
  readonly projectPath: string;
  /** The name that the edit would have in the history. */
  readonly name: string;
  readonly edits: readonly ScreenEdit[];
  /** The layers that were changed meanwhile, with the choices that the edit asked for. */
  readonly changed: ReadonlyMap<string, PrecisionChoice>;
}

interface Shown {
  readonly project: Pick<ProjectView, 'file'> | null;
  readonly pendingChoices: readonly PendingChoices[];
}

/** The choice that the screens show for a layer: the last one made, even if the application has not answered yet. */
export function shownChoice({ project, pendingChoices }: Shown, layer: string): PrecisionChoice {
  for (const { choices } of pendingChoices.toReversed()) {
    const choice = choices.get(layer);
    if (choice !== undefined) return choice;
  }
  return choiceOf(project?.file.plan ?? { layers: {} }, layer);
}

/** The precision edits in a list of edits, with the currently shown choices as their bases. */
export function pendingChoicesOf(edits: readonly ScreenEdit[], shown: Shown): PendingChoices {
  const asked = edits.filter((edit) => edit.kind === 'precision');
  return {
    choices: new Map(asked.map(({ layer, precision }) => [layer, precision])),
    bases: new Map(asked.map(({ layer }) => [layer, shownChoice(shown, layer)])),
  };
}

/** The edits in the form that the application expects. */
export function withBases(edits: readonly ScreenEdit[], bases: PendingChoices['bases']): ProjectEdit[] {
  return edits.map((edit) => (edit.kind === 'precision' ? { ...edit, base: bases.get(edit.layer) ?? 'auto' } : edit));
}

/**
 * Updates waiting edits after an earlier edit of the same window was answered. Their author expected its result, so
 * that the result becomes their base; choices of earlier waiting edits take precedence over those of the project.
 * @param layers the layers of the answered edit; null: the whole plan
 */
export function rebased(
  waiting: readonly PendingChoices[],
  project: Shown['project'],
  layers: ReadonlySet<string> | null = null,
): PendingChoices[] {
  const result: PendingChoices[] = [];
  for (const { choices, bases } of waiting) {
    const shown = { project, pendingChoices: result };
    const moved = [...bases].map(
      ([layer, base]) => [layer, layers === null || layers.has(layer) ? shownChoice(shown, layer) : base] as const,
    );
    result.push({ choices, bases: new Map(moved) });
  }
  return result;
}

/** The layers that precision edits change; null if the list has another kind of edit, which may change all layers. */
export function layersOf(edits: readonly ScreenEdit[]): ReadonlySet<string> | null {
  const asked = edits.filter((edit) => edit.kind === 'precision');
  return asked.length === edits.length ? new Set(asked.map(({ layer }) => layer)) : null;
}

/** Whether every edit changes the precision of a layer. */
export function isPrecisionOnly(edits: readonly ScreenEdit[]): boolean {
  return edits.length > 0 && edits.every(({ kind }) => kind === 'precision');
}

/**
 * Reconstructs the decisions before precision edits from those after them. Only the layers of the edits differ, so that
 * undo does not revert changes that another window made meanwhile.
 */
export function decisionsBefore(after: ProjectDecisions, { bases }: PendingChoices): ProjectDecisions {
  return { ...after, plan: withChoices(after.plan, bases) };
}

/**
 * The edits that apply the change `from` -> `to` to the current project. If only layers of the plan change, each layer
 * is a separate edit with its current choice in the project as the base.
 */
export function changingEdits(current: ProjectDecisions, from: ProjectDecisions, to: ProjectDecisions): ProjectEdit[] {
  const withLayersOf = ({ plan }: ProjectDecisions) => ({ ...from, plan: { ...from.plan, layers: plan.layers } });
  if (!isSame(withLayersOf(to), to)) return [{ kind: 'restore', decisions: to, base: from }];
  const wanted = applyChange(current, from, to).plan;
  return differingLayers(current.plan, wanted).map((layer) => ({
    kind: 'precision',
    layer,
    precision: choiceOf(wanted, layer),
    base: choiceOf(current.plan, layer),
  }));
}

function differingLayers(a: PrecisionPlan, b: PrecisionPlan): string[] {
  const layers = new Set([...Object.keys(a.layers), ...Object.keys(b.layers)]);
  return [...layers].filter((layer) => choiceOf(a, layer) !== choiceOf(b, layer));
}

/** The choices of an edit for the layers whose choice in the current project differs from the base of the edit. */
export function changedMeanwhile(
  edits: readonly ProjectEdit[],
  { file }: Pick<ProjectView, 'file'>,
): EditConflict['changed'] {
  return new Map(
    edits
      .filter((edit) => edit.kind === 'precision')
      .filter(({ layer, base }) => choiceOf(file.plan, layer) !== base)
      .map(({ layer, precision }) => [layer, precision]),
  );
}

/** The edits of a conflict without those of the layers that were changed meanwhile. */
export function withoutChanged({ edits, changed }: EditConflict): ScreenEdit[] {
  return edits.filter((edit) => edit.kind !== 'precision' || !changed.has(edit.layer));
}
