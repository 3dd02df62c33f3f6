// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { followJobs, titleText } from '../../../../src-renderer/app/bind-application';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useView } from '../../../../src-renderer/state/view';
import { jobSnapshot } from '../state/fake-api';

describe('a job that is followed from another tab', () => {
  it('shows its progress in the title, where that is wanted', () => {
    expect(titleText([])).toBe('Calibration Workbench');
    expect(titleText([jobSnapshot({ done: 43, total: 100 })])).toBe('43 % Calibrate · Calibration Workbench');
    expect(titleText([jobSnapshot({ done: 0, total: 0 })])).toBe('Calibrate · Calibration Workbench');
    expect(titleText([jobSnapshot({ state: 'queued' })])).toBe('Calibration Workbench');
    followJobs();
    useJobs.setState({ jobs: [jobSnapshot({ done: 5, total: 10 })] });
    expect(document.title).toBe('50 % Calibrate · Calibration Workbench');
    useView.getState().chooseFollow('none');
    expect(document.title).toBe('Calibration Workbench');
  });

  it('tells its end by a notification while the page is hidden', () => {
    const told: string[] = [];
    const fakeNotification = function (_: string, { body }: { readonly body: string }): void {
      told.push(body);
    };
    Reflect.set(window, 'Notification', Object.assign(fakeNotification, { permission: 'granted' }));
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    const end = (): void => {
      useJobs.setState({ jobs: [jobSnapshot()] });
      useJobs.setState({ jobs: [jobSnapshot({ state: 'done' })] });
    };
    useView.getState().chooseFollow('title');
    end();
    expect(told).toEqual([]);
    useView.getState().chooseFollow('notify');
    end();
    expect(told).toEqual(['Calibrate: done']);
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    end();
    expect(told).toHaveLength(1);
  });
});
