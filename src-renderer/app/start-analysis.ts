import type { ProjectView } from '../../src-shared/contract/views';
import type { AnalysisSpec } from '../../src-shared/contract/job-specs';
import { searchSpec, useSearchOptions } from '../features/search/search-options';
import {
  sensitivityProblem,
  sensitivitySpec,
  useSensitivityOptions,
} from '../features/sensitivity/sensitivity-options';
import { questionOf, useAnalysesStore } from '../state/analyses';
import { useFieldImages } from '../state/field-images';
import { useJobs } from '../state/jobs';
import { useSession } from '../state/session';
import { useView, type ScreenId } from '../state/view';

export type StartableAnalysis = 'sensitivity' | 'auto' | 'search';

const SCREENS: Readonly<Record<StartableAnalysis, ScreenId>> = {
  sensitivity: 'sensitivity',
  auto: 'histogram',
  search: 'search',
};

export function canAnalyse(): boolean {
  return useSession.getState().project?.calibrated === true;
}

/** Starts an analysis with what is chosen on its screen, and shows it; when something is missing, that screen says what. */
export function startAnalysis(kind: StartableAnalysis): void {
  const { project } = useSession.getState();
  if (project === null) return;
  useView.getState().openScreen(SCREENS[kind]);
  const spec = specOf(kind, project);
  if (spec !== null) void useJobs.getState().start(spec);
}

function specOf(kind: StartableAnalysis, project: ProjectView): AnalysisSpec | null {
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
