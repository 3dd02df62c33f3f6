import { beforeEach, describe, expect, it } from 'vitest';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import { MAX_SHOWN, reportError, shownNotices, tell, useNotices } from '../../../../src-renderer/state/notices';

const notices = () => useNotices.getState().notices;
const messages = () => notices().map(({ message, count }) => `${message} ×${count}`);

beforeEach(() => useNotices.setState({ notices: [] }));

describe('notices', () => {
  it('joins equal ones, at the newest place, with their number', () => {
    reportError(new Error('disk full'));
    reportError(new Error('no such file'));
    const first = notices()[0]?.id;
    reportError(new Error('disk full'));
    expect(messages()).toEqual(['no such file ×1', 'disk full ×2']);
    expect(notices()[1]?.id).toBe(first);
  });

  it('keeps apart what says the same with another advice, and success from failure', () => {
    reportError(new WorkbenchError('unwritable', 'cannot write', { hint: 'free some space' }));
    reportError(new WorkbenchError('unwritable', 'cannot write', { hint: 'ask the owner' }));
    tell('cannot write');
    expect(notices()).toHaveLength(3);
  });

  it('does not report what a person cancelled', () => {
    reportError(new WorkbenchError('cancelled', 'cancelled'));
    expect(notices()).toEqual([]);
  });

  it('closes the newest, one, or all', () => {
    for (const name of ['a', 'b', 'c']) reportError(new Error(name));
    useNotices.getState().dismissNewest();
    useNotices.getState().dismiss(notices()[0]?.id ?? 0);
    expect(messages()).toEqual(['b ×1']);
    useNotices.getState().dismissAll();
    expect(notices()).toEqual([]);
  });

  it('folds errors beyond the fourth and keeps them; of sentences only the newest are kept', () => {
    for (let i = 0; i < 7; i++) reportError(new Error(`error ${i}`));
    for (let i = 0; i < 5; i++) tell(`told ${i}`);
    const { shown, foldedCount } = shownNotices(notices());
    expect(shown.filter(({ tone }) => tone === 'error').map(({ message }) => message)).toEqual([
      'error 3',
      'error 4',
      'error 5',
      'error 6',
    ]);
    expect(shown.filter(({ tone }) => tone === 'info')).toHaveLength(MAX_SHOWN);
    expect(foldedCount).toBe(3);
    expect(notices()).toHaveLength(7 + MAX_SHOWN);
  });
});
