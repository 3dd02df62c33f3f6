const STORED_KEY = 'calib.token';

/**
 * Finds the token in a pasted text: the token itself or the address that the server printed. Empty if there is none.
 */
export function tokenOf(text: string): string {
  const plain = text.trim();
  return URL.canParse(plain) ? (new URL(plain).searchParams.get('token') ?? '') : /^[\w-]*$/.test(plain) ? plain : '';
}

/** Keeps a token for this tab, reloads included. */
export function storeToken(token: string): void {
  sessionStorage.setItem(STORED_KEY, token);
}

/**
 * The token of serve mode: from the address on the first visit, which is then cleaned of it (it must not stay in the
 * history or in a copied link), later from this tab's own storage. Empty when there is none: the server will refuse.
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
