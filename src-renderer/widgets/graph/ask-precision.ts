import { useCallback, useMemo } from 'react';
import type { ProjectDecisions, ProjectEdit } from '../../../src-shared/contract/requests';
import type { Precision } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { useCommands, type Command } from '../../state/commands';
import { decisionsOf } from '../../state/decision-history';
import { useSession } from '../../state/session';
import type { LayerRow } from './layer-rows';

export const PRECISION_NAMES: Readonly<Record<Precision, string>> = { int8: 'INT8', fp16: 'FP16', fp32: 'FP32' };

/** Asks for a precision for some layers, as one step that undo names. */
export function askPrecision(
  rows: readonly LayerRow[],
  layers: ReadonlySet<string>,
  precision: Precision,
  pattern?: string,
): void {
  const { project, edit } = useSession.getState();
  const changing = layersToChange(rows, layers, precision);
  const [first] = changing;
  if (project === null || first === undefined) return;
  const name = PRECISION_NAMES[precision];
  const title =
    pattern !== undefined
      ? t('precision.edit.pattern', { pattern, precision: name })
      : changing.length === 1
        ? t('precision.edit.layer', { layer: first, precision: name })
        : t('precision.edit.layers', { count: changing.length, precision: name });
  void edit(title, precisionEdits(changing, precision, decisionsOf(project.file)));
}

/** Above this one edit carries the whole plan: the application matches every named layer against all layers. */
const NAMED_LAYERS_MAX = 64;

/** Edits that ask for one precision for the layers named. `decisions` is the project as it is. */
export function precisionEdits(
  layers: readonly string[],
  precision: Precision,
  decisions: ProjectDecisions,
): ProjectEdit[] {
  // A name with a wildcard in it would speak of other layers too.
  const isNameable = layers.length <= NAMED_LAYERS_MAX && layers.every((layer) => !/[*?]/.test(layer));
  if (isNameable) return layers.map((layer) => ({ kind: 'precision', layer, precision }));
  const asked = new Set(layers);
  const kept = Object.entries(decisions.plan.layers).filter(([layer]) => !asked.has(layer));
  // int8 is what a layer has without an entry.
  const added = precision === 'int8' ? [] : layers.map((layer) => [layer, precision] as const);
  return [
    {
      kind: 'restore',
      decisions: { ...decisions, plan: { ...decisions.plan, layers: Object.fromEntries([...kept, ...added]) } },
    },
  ];
}

/** Layers whose plan would change. */
export function layersToChange(rows: readonly LayerRow[], layers: ReadonlySet<string>, precision: Precision): string[] {
  return rows.filter((row) => layers.has(row.layer) && row.planned !== precision).map((row) => row.layer);
}

const KEYS: Readonly<Record<Precision, readonly string[]>> = { int8: ['8'], fp16: ['6', '1'], fp32: ['3'] };

/** Keys 8, 6 (or 1) and 3 for the chosen layers. */
export function usePrecisionKeys(rows: readonly LayerRow[], chosen: ReadonlySet<string>): void {
  const ask = useCallback((precision: Precision) => askPrecision(rows, chosen, precision), [rows, chosen]);
  useCommands(
    useMemo(
      () =>
        (['int8', 'fp16', 'fp32'] as const).map((precision): Command => ({
          id: `precision.${precision}`,
          titleKey: `precision.command.${precision}`,
          keys: KEYS[precision],
          run: () => ask(precision),
          isEnabled: () => chosen.size > 0,
        })),
      [ask, chosen],
    ),
  );
}
