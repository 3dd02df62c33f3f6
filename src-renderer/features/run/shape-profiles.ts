import { create } from 'zustand';
import { ownValue } from '../../../src-shared/base/records';
import type { ShapesView } from '../../../src-shared/contract/views';
import {
  allowsBatch,
  hasOpenSize,
  PROFILE_POINTS,
  profileProblem,
  type ProfilePoint,
  type ShapeProfile,
} from '../../../src-shared/domain/engines/shape-profiles';
import { readStored, writeStored } from '../../state/stored';

/** A range as it is typed: `8x3x320x320` for each point. */
export interface RangeDraft extends Readonly<Record<ProfilePoint, string>> {
  readonly input: string;
}
export type ProfileDraft = readonly RangeDraft[];

/** Why the typed profiles cannot be used: the first problem, and in which profile it is (from 1). */
export interface DraftProblem {
  /** `text`: a shape is not written as `8x3x320x320`; `batch`: no profile allows this batch size. */
  readonly code: 'text' | 'missing' | 'unknown' | 'shape' | 'order' | 'batch';
  readonly profile: number;
  readonly input: string;
  readonly batch?: number;
}

const SHAPE = /^[1-9]\d{0,6}(?:x[1-9]\d{0,6})*$/;

export function draftsOf(profiles: readonly ShapeProfile[]): ProfileDraft[] {
  return profiles.map((profile) =>
    profile.map(({ input, min, opt, max }) => ({ input, min: min.join('x'), opt: opt.join('x'), max: max.join('x') })),
  );
}

/** An empty profile for the inputs that have open sizes, with the sizes that the model fixes. */
export function blankDraft({ inputs }: ShapesView): ProfileDraft {
  return inputs.filter(hasOpenSize).map(({ name, dims }) => {
    const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : 1)).join('x');
    return { input: name, min: sizes, opt: sizes, max: sizes };
  });
}

/** @returns null if a shape is not written as sizes above 0 with `x` between them */
export function parseDrafts(drafts: readonly ProfileDraft[]): ShapeProfile[] | null {
  if (textProblem(drafts) !== null) return null;
  const sizes = (text: string): number[] => cleaned(text).split('x').map(Number);
  return drafts.map((draft) =>
    draft.map(({ input, min, opt, max }) => ({ input, min: sizes(min), opt: sizes(opt), max: sizes(max) })),
  );
}

/** Accepts the multiplication sign and spaces, which people copy from elsewhere. */
function cleaned(text: string): string {
  return text.replaceAll('×', 'x').replaceAll(/\s/g, '').toLowerCase();
}

function textProblem(drafts: readonly ProfileDraft[]): DraftProblem | null {
  for (const [i, draft] of drafts.entries())
    for (const range of draft)
      if (PROFILE_POINTS.some((point) => !SHAPE.test(cleaned(range[point]))))
        return { code: 'text', profile: i + 1, input: range.input };
  return null;
}

/** The checks of the application, before a job starts; without `view` only those of the text. */
export function draftProblem(
  drafts: readonly ProfileDraft[],
  view: ShapesView | null,
  batches: readonly number[],
): DraftProblem | null {
  const profiles = parseDrafts(drafts);
  if (profiles === null || view === null) return textProblem(drafts);
  for (const [i, profile] of profiles.entries()) {
    const found = profileProblem(profile, view.inputs);
    if (found !== null) return { ...found, profile: i + 1 };
  }
  // One image at a time is the default, which gives way to the batch sizes of the profiles.
  const requested = batches.length === 1 && batches[0] === 1 ? [] : batches;
  const batch = requested.find((size) => !allowsBatch(profiles, view.inputs, size));
  return batch === undefined || profiles.length === 0 ? null : { code: 'batch', profile: 1, input: '', batch };
}

interface ShapeProfilesState {
  /** Path of a project -> its chosen profiles; a project without an entry leaves them to the application. */
  readonly drafts: Readonly<Record<string, readonly ProfileDraft[]>>;
  /** Path of a project -> the inputs of its model. */
  readonly views: Readonly<Record<string, ShapesView>>;
  readonly choose: (projectPath: string, drafts: readonly ProfileDraft[]) => void;
  readonly know: (projectPath: string, view: ShapesView) => void;
}

const STORED_KEY = 'calib.shape-profiles';
/** Projects whose profiles are stored between visits. */
const KEPT = 50;

/** The optimization profiles that were chosen on the run screen, for each project. */
export const useShapeProfiles = create<ShapeProfilesState>()((set, get) => ({
  drafts: parseStored(readStored(STORED_KEY)),
  views: {},
  choose: (projectPath, chosen) => {
    const others = Object.entries(get().drafts).filter(([path]) => path !== projectPath);
    const drafts = Object.fromEntries(
      [...others, ...(chosen.length === 0 ? [] : [[projectPath, chosen] as const])].slice(-KEPT),
    );
    set({ drafts });
    writeStored(STORED_KEY, drafts);
  },
  know: (projectPath, view) => set({ views: { ...get().views, [projectPath]: view } }),
}));

/** What jobs of a project get: the chosen profiles, if there are any and they can be used. */
export interface ChosenShapes {
  readonly profiles: readonly ShapeProfile[] | null;
  readonly problem: DraftProblem | null;
}

export function chosenShapes(
  { drafts, views }: Pick<ShapeProfilesState, 'drafts' | 'views'>,
  projectPath: string,
  batches: readonly number[],
): ChosenShapes {
  const own = ownValue(drafts, projectPath) ?? [];
  if (own.length === 0) return { profiles: null, problem: null };
  return { profiles: parseDrafts(own), problem: draftProblem(own, ownValue(views, projectPath) ?? null, batches) };
}

function parseStored(stored: unknown): Record<string, readonly ProfileDraft[]> {
  if (typeof stored !== 'object' || stored === null) return {};
  return Object.fromEntries(
    Object.entries(stored).flatMap(([path, drafts]: [string, unknown]) =>
      Array.isArray(drafts) && drafts.every((draft) => Array.isArray(draft) && draft.every(isRange))
        ? [[path, drafts as readonly ProfileDraft[]]]
        : [],
    ),
  );
}

function isRange(value: unknown): value is RangeDraft {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['input', ...PROFILE_POINTS].every((name) => typeof Reflect.get(value, name) === 'string')
  );
}
