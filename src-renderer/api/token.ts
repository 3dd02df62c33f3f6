const STORED_KEY = 'calib.token';

/**
 * Finds the token in a pasted text: the token itself or the address that the server printed. Empty if there is none.
 */
export function tokenOf(text: string): string {
  const plain = text.trim();
  return URL.canParse(plain) ? (new URL(plain).searchParams.get('token') ?? '') : /^[\w-]*$/.test(plain) ? plain : '';
}

/** Stores a token for this tab; it survives reloads. */
export function storeToken(token: string): void {
  sessionStorage.setItem(STORED_KEY, token);
}

/**
 * Returns the token of serve mode. On the first visit it is read from the address and then removed there, because it
 * must not stay in the history or in a copied link; later it is read from the storage of this tab. Empty if there is no
 * token; the server then refuses the page.
 */
export function takeToken(): string {
  const address = new URL(location.href);
  const token = address.searchParams.get('token');
  if (token === null) return sessionStorage.getItem(STORED_KEY) ?? '';
  storeToken(token);
  address.searchParams.delete('token');
  history.replaceState(history.state, '', address);
  return token;
}
