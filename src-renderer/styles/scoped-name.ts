const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * The class name in the page for a local name of a CSS module: `row` of `tensor-list.module.css` is `tensor-list-row`,
 * and `root` is the name of the file alone. It has no hash, so that pages stay readable; the files therefore need
 * distinct names.
 */
export function scopedName(localName: string, file: string): string {
  const base = file
    .replace(/^.*[\\/]/, '')
    .replace(/\?.*$/, '')
    .replace(/\.module\.css$/, '');
  return localName === 'root' ? base : `${base}-${kebab(localName)}`;
}
