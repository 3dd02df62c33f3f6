import { describe, expect, it } from 'vitest';
import { activeCommands, useCommandRegistry } from '../../../../src-renderer/state/commands';
import { useNotices } from '../../../../src-renderer/state/notices';
import { parsePreferences, useView } from '../../../../src-renderer/state/view';
import { cancelledError } from '../../../../src-shared/base/errors';

describe('parsePreferences', () => {
  it('takes what fits and replaces what does not, field by field', () => {
    expect(parsePreferences({ theme: 'dark', language: 'fr', leftWidth: 5000, rightWidth: 'wide' })).toMatchObject({
      theme: 'dark',
      leftWidth: 560,
      rightWidth: 300,
      motion: 'system',
    });
    expect(parsePreferences(null)).toMatchObject({ theme: 'system', leftWidth: 280 });
  });
});

describe('useView', () => {
  it('keeps panes between 180 and 560 pixels', () => {
    useView.getState().resizePanes({ leftWidth: 20 });
    useView.getState().resizePanes({ rightWidth: 333.4 });
    expect([useView.getState().leftWidth, useView.getState().rightWidth]).toEqual([180, 333]);
  });
});

describe('commands', () => {
  it('replaces a command by a later one with the same id until that leaves', () => {
    const { register } = useCommandRegistry.getState();
    const run = (): void => undefined;
    register([{ id: 'a', titleKey: 'first', run }]);
    const leave = register([{ id: 'a', titleKey: 'second', run }]);
    const titles = () => activeCommands(useCommandRegistry.getState().registered).map((command) => command.titleKey);
    expect(titles()).toEqual(['second']);
    leave();
    expect(titles()).toEqual(['first']);
  });
});

describe('notices', () => {
  it('shows a sentence once, four at most, and nothing for a cancelled action', () => {
    const { tell, reportError } = useNotices.getState();
    for (const message of ['a', 'b', 'c', 'a', 'd', 'e']) tell(message);
    reportError(cancelledError());
    expect(useNotices.getState().notices.map((notice) => notice.message)).toEqual(['c', 'a', 'd', 'e']);
  });
});
