import { beforeEach, describe, expect, it, vi } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { pendingPreprocessing, usePreprocessingEdits } from '../../../../src-renderer/state/preprocessing-edits';
import { useSession } from '../../../../src-renderer/state/session';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from './fake-api';

const PATH = '/data/a.calib';
let fake: FakeApi;

const changed = (std: number) => ({ ...projectView().file.preprocessing, std: [std] });
const edits = () => usePreprocessingEdits.getState();
/** Answers the question once it is asked. */
const answer = async (given: 'apply' | 'discard' | 'cancel'): Promise<void> => {
  await vi.waitFor(() => expect(edits().ask).not.toBeNull());
  edits().ask?.(given);
};

describe('preprocessing that was changed and not applied', () => {
  beforeEach(async () => {
    fake = fakeApi();
    fake.answers.startJob = () => ({ jobId: jobId('job-1') });
    fake.answers.getJob = () => jobSnapshot();
    useSession.getState().connect(fake.api);
    await useSession.getState().showProject(projectView());
    edits().discard();
    fake.calls.length = 0;
  });

  it('is kept until it is applied or discarded, and is none when it says what the project says', () => {
    edits().change(changed(2));
    expect(pendingPreprocessing(PATH)).toEqual(changed(2));
    expect(pendingPreprocessing('/data/other.calib')).toBeNull();
    edits().change(projectView().file.preprocessing);
    expect(pendingPreprocessing(PATH)).toBeNull();
  });

  it('asks before a job starts, and applies first', async () => {
    edits().change(changed(3));
    const started = useJobs.getState().start({ kind: 'run', projectPath: PATH, limit: 1 });
    await answer('apply');
    expect(await started).not.toBeNull();
    const sent = fake.calls.filter((call) => call === 'editProject' || call === 'startJob');
    expect(sent).toEqual(['editProject', 'startJob']);
    expect(pendingPreprocessing(PATH)).toBeNull();
  });

  it('starts with the project as it is when the changes are discarded', async () => {
    edits().change(changed(4));
    const started = useJobs.getState().start({ kind: 'run', projectPath: PATH, limit: 2 });
    await answer('discard');
    expect(await started).not.toBeNull();
    expect(fake.calls).not.toContain('editProject');
    expect(pendingPreprocessing(PATH)).toBeNull();
  });

  it('starts nothing and keeps the changes when a person goes back', async () => {
    edits().change(changed(5));
    const started = useJobs.getState().start({ kind: 'calibrate', projectPath: PATH, limit: 3 });
    await answer('cancel');
    expect(await started).toBeNull();
    expect(fake.calls).not.toContain('startJob');
    expect(pendingPreprocessing(PATH)).toEqual(changed(5));
  });

  it('does not ask for another project', async () => {
    edits().change(changed(6));
    await useJobs.getState().start({ kind: 'calibrate', projectPath: '/data/other.calib', limit: 4 });
    expect(edits().ask).toBeNull();
    expect(fake.calls).toContain('startJob');
  });
});
