import type { MenuItemConstructorOptions } from 'electron';

/**
 * The menu entries that the system expects and that the page cannot provide. Undo and redo are omitted on purpose: the
 * page uses their keys to undo edits of the project.
 */
export function menuTemplate(platform: NodeJS.Platform): MenuItemConstructorOptions[] {
  const edit: MenuItemConstructorOptions = {
    label: 'Edit',
    submenu: [{ role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }],
  };
  const view: MenuItemConstructorOptions = {
    label: 'View',
    submenu: [
      { role: 'reload' },
      { type: 'separator' },
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { role: 'togglefullscreen' },
    ],
  };
  return platform === 'darwin' ? [{ role: 'appMenu' }, edit, view, { role: 'windowMenu' }] : [edit, view];
}
