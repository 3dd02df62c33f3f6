/** How long the object URL of a text is kept, in milliseconds, so that the download or the new tab can load it. */
export const ADDRESS_KEPT_MS = 60_000;

/** Hands a text to the user as a downloaded file. */
export function saveText(content: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), ADDRESS_KEPT_MS);
}
