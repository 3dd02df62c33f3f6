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

/** An edit as screens make it: the session adds the base of precision edits, which is the choice that is shown. */
export type ScreenEdit = Exclude<ProjectEdit, PrecisionEdit> | Omit<PrecisionEdit, 'base'>;

/** The precision edits of one request that the application has not answered yet: layer -> choice. */
export interface PendingChoices {
  readonly choices: ReadonlyMap<string, PrecisionChoice>;
  /** Layer -> the choice that was shown when the edit was made. */
  readonly bases: ReadonlyMap<string, PrecisionChoice>;
}

/** An edit that the application refused because some of its layers were changed meanwhile. */
export interface EditConflict {
  readonly projectPath: string;
  /** Name of the step that the edit would have been. */
  readonly name: string;
  readonly edits: readonly ScreenEdit[];
  /** The layers that were changed, and what the edit asked for. */
  readonly changed: ReadonlyMap<string, PrecisionChoice>;
}

interface Shown {
  readonly project: Pick<ProjectView, 'file'> | null;
  readonly pendingChoices: readonly PendingChoices[];
}

/** What the screens show for a layer: the last choice that was made, whether the application has answered or not. */
export function shownChoice({ project, pendingChoices }: Shown, layer: string): PrecisionChoice {
  for (const { choices } of pendingChoices.toReversed()) {
    const choice = choices.get(layer);
    if (choice !== undefined) return choice;
  }
  return choiceOf(project?.file.plan ?? { layers: {} }, layer);
}

/** The precision edits among some edits, on what is shown now. */
export function pendingChoicesOf(edits: readonly ScreenEdit[], shown: Shown): PendingChoices {
  const asked = edits.filter((edit) => edit.kind === 'precision');
  return {
    choices: new Map(asked.map(({ layer, precision }) => [layer, precision])),
    bases: new Map(asked.map(({ layer }) => [layer, shownChoice(shown, layer)])),
  };
}

/** The edits as the application takes them. */
export function withBases(edits: readonly ScreenEdit[], bases: PendingChoices['bases']): ProjectEdit[] {
  return edits.map((edit) => (edit.kind === 'precision' ? { ...edit, base: bases.get(edit.layer) ?? 'auto' } : edit));
}

/**
 * Waiting edits, after an earlier edit of the same window was answered. Their author expected its result, so that they
 * are made on it; choices of earlier waiting edits go before those of the project.
 * @param layers the layers that the answered edit was about; null: the whole plan
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

/** The layers that precision edits are about; null when another edit, which may change all of them, is among them. */
export function layersOf(edits: readonly ScreenEdit[]): ReadonlySet<string> | null {
  const asked = edits.filter((edit) => edit.kind === 'precision');
  return asked.length === edits.length ? new Set(asked.map(({ layer }) => layer)) : null;
}

/** Every edit is about the precision of a layer. */
export function isPrecisionOnly(edits: readonly ScreenEdit[]): boolean {
  return edits.length > 0 && edits.every(({ kind }) => kind === 'precision');
}

/**
 * The decisions before precision edits were made, from those after them: only the layers of the edits differ, so that
 * undo does not take back what another window changed meanwhile.
 */
export function decisionsBefore(after: ProjectDecisions, { bases }: PendingChoices): ProjectDecisions {
  return { ...after, plan: withChoices(after.plan, bases) };
}

/**
 * The edits that make the change `from` -> `to` in a project as it is now. Where only layers of the plan change, each
 * is an edit of its own, on the choice that the project has now.
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

/**
 * What an edit asked for in the layers that the project, as it is now, has another choice for than the edit was made
 * on.
 */
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

/** The edits without those of the layers that were changed meanwhile. */
export function withoutChanged({ edits, changed }: EditConflict): ScreenEdit[] {
  return edits.filter((edit) => edit.kind !== 'precision' || !changed.has(edit.layer));
}
