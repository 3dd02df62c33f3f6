import type { ModelView, RecentProject, ThresholdTable } from '../../src-shared/contract/views';
import { showLanding } from '../features/start/drop-store';
import { t } from '../i18n';
import type { Command } from '../state/commands';
import { openHistogramOf } from '../state/histogram-tab';
import { useSelection } from '../state/selection';
import { useSession } from '../state/session';
import { useView } from '../state/view';

type PaletteKind = 'command' | 'tensor' | 'layer' | 'project';

/** One line of the palette. */
export interface PaletteItem {
  readonly id: string;
  readonly kind: PaletteKind;
  readonly title: string;
  readonly keys: readonly string[];
  /** If false, the line is shown so that it can be found, but it cannot be run now. */
  readonly isEnabled: boolean;
  readonly run: () => void;
}

interface PaletteSources {
  readonly commands: readonly Command[];
  readonly model: ModelView | null;
  readonly thresholds: ThresholdTable | null;
  readonly projects: readonly RecentProject[];
  /** Path of the project that is open. */
  readonly openPath: string | null;
}

/** A longer list would not be read. */
const MAX_FOUND = 60;

/** All lines that can be found: commands, then the tensors and layers of the open project, then other projects. */
export function paletteItems({
  commands,
  model,
  thresholds,
  projects,
  openPath,
}: PaletteSources): readonly PaletteItem[] {
  return [
    ...commands.map((command): PaletteItem => ({
      id: command.id,
      kind: 'command',
      title: t(command.titleKey, command.titleParams),
      keys: command.keys?.slice(0, 1) ?? [],
      isEnabled: command.isEnabled?.() !== false,
      run: command.run,
    })),
    ...(thresholds?.tensors ?? []).map(({ name }) => found('tensor', name, () => openHistogramOf(name))),
    ...(model?.layers ?? []).map(({ layer }) => found('layer', layer, () => showLayer(layer))),
    ...projects
      .filter(({ exists, path }) => exists && path !== openPath)
      .map(({ path }) => found('project', path, () => openProject(path))),
  ];
}

/** The lines that match a query, best match first; for an empty query, the commands that can be run now. */
export function findItems(items: readonly PaletteItem[], query: string): readonly PaletteItem[] {
  if (query.trim() === '') return items.filter(({ kind, isEnabled }) => kind === 'command' && isEnabled);
  const typed = query.trim().toLowerCase();
  const ranked = rankByQuery(items, query, ({ title }) => title);
  // Titles that contain the query as typed precede scattered matches; enabled items precede disabled ones.
  const place = ({ title, isEnabled }: PaletteItem): number =>
    (title.toLowerCase().includes(typed) ? 0 : 2) + (isEnabled ? 0 : 1);
  return ranked.toSorted((a, b) => place(a) - place(b)).slice(0, MAX_FOUND);
}

function found(kind: PaletteKind, title: string, run: () => void): PaletteItem {
  return { id: `${kind} ${title}`, kind, title, keys: [], isEnabled: true, run };
}

function showLayer(layer: string): void {
  useSelection.getState().select({ tensor: null, layer });
  useView.getState().openScreen('model');
}

function openProject(path: string): void {
  void useSession
    .getState()
    .openProject(path)
    .then((isOpen) => {
      if (isOpen) showLanding();
    });
}

/**
 * How well `query` fits `title`: all its characters must occur in order; runs and beginnings of words score more. Null
 * if it does not fit. Case is ignored; an empty query fits everything.
 */
export function matchScore(query: string, title: string): number | null {
  const wanted = query.toLowerCase().replaceAll(' ', '');
  const text = title.toLowerCase();
  let score = 0;
  let from = 0;
  let previous = -2;
  for (const character of wanted) {
    const at = text.indexOf(character, from);
    if (at < 0) return null;
    const isWordStart = at === 0 || /[\s:_./-]/.test(text[at - 1] ?? '');
    score += at === previous + 1 ? 3 : isWordStart ? 2 : 0;
    score -= Math.min(2, (at - from) / 10);
    previous = at;
    from = at + 1;
  }
  return score - text.length / 1000;
}

/** The items that match, best first; items with equal scores keep their order. */
export function rankByQuery<T>(items: readonly T[], query: string, titleOf: (item: T) => string): readonly T[] {
  const scored = items.flatMap((item) => {
    const score = matchScore(query, titleOf(item));
    return score === null ? [] : [{ item, score }];
  });
  if (query.trim() === '') return scored.map(({ item }) => item);
  return scored.sort((a, b) => b.score - a.score).map(({ item }) => item);
}
