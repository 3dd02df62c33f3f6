import type { AnalysisSpec } from '../../src-shared/contract/job-specs';
import type { ProjectView } from '../../src-shared/contract/views';
import { factsOf, specOf, startProblems } from '../features/run/run-options';
import type { StartableKind } from '../features/run/run-steps';
import { useRunOptions } from '../features/run/run-store';
import { chosenShapes, useShapeProfiles } from '../features/run/shape-profiles';
import { searchSpec, useSearchOptions } from '../features/search/search-options';
import {
  sensitivityProblem,
  sensitivitySpec,
  useSensitivityOptions,
} from '../features/sensitivity/sensitivity-options';
import { questionOf, useAnalysesStore } from '../state/analyses';
import { useFieldImages } from '../state/files';
import { useJobs } from '../state/jobs';
import { useSession } from '../state/session';
import { type ScreenId, useView } from '../state/view';

/** Whether a job can be started with the options chosen on the run screen. */
export function canStart(kind: StartableKind): boolean {
  const { project } = useSession.getState();
  if (project === null) return false;
  const { options } = useRunOptions.getState();
  const { problem } = chosenShapes(useShapeProfiles.getState(), project.path, options.batches);
  return startProblems(kind, options, { ...factsOf(project), hasShapeProblem: problem !== null }).length === 0;
}

/** Opens the run screen and starts a job with its options. If an option is missing, that screen names it. */
export function startJob(kind: StartableKind): void {
  const { project } = useSession.getState();
  if (project === null) return;
  useView.getState().openScreen('run');
  if (!canStart(kind)) return;
  const { options } = useRunOptions.getState();
  const { profiles } = chosenShapes(useShapeProfiles.getState(), project.path, options.batches);
  void useJobs.getState().start(specOf(kind, options, project.path, profiles));
}

type StartableAnalysis = 'sensitivity' | 'auto' | 'search';

const SCREENS: Readonly<Record<StartableAnalysis, ScreenId>> = {
  sensitivity: 'sensitivity',
  auto: 'histogram',
  search: 'search',
};

export function canAnalyse(): boolean {
  return useSession.getState().project?.calibrated === true;
}

/** Opens the screen of an analysis and starts it with its options. If one is missing, that screen names it. */
export function startAnalysis(kind: StartableAnalysis): void {
  const { project } = useSession.getState();
  if (project === null) return;
  useView.getState().openScreen(SCREENS[kind]);
  const spec = analysisSpec(kind, project);
  if (spec !== null) void useJobs.getState().start(spec);
}

function analysisSpec(kind: StartableAnalysis, project: ProjectView): AnalysisSpec | null {
  switch (kind) {
    case 'sensitivity': {
      const question = questionOf(useAnalysesStore.getState());
      const { options } = useSensitivityOptions.getState();
      return sensitivityProblem(question, options, project.file) === null
        ? sensitivitySpec(question, options, project)
        : null;
    }
    case 'auto':
      return { kind: 'auto', projectPath: project.path };
    case 'search':
      return searchSpec(useSearchOptions.getState().options, useFieldImages.getState().path, project);
  }
}
