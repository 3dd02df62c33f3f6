/**
 * Remembers the page of the test environment. The returned function puts back its address and the properties of the
 * global object, of the document and of classes; it removes listeners that the window got since, stored values, and
 * everything in the document.
 */
export function rememberPage(): () => void {
  const address = location.href;
  const restoreProperties = [globalThis, document, ...prototypes()].map(rememberProperties);
  const forgetListeners = recordListeners();
  return () => {
    forgetListeners();
    for (const restore of restoreProperties) restore();
    history.replaceState(null, '', address);
    localStorage.clear();
    sessionStorage.clear();
    const { documentElement, head, body } = document;
    head.replaceChildren();
    body.replaceChildren();
    for (const element of [documentElement, head, body])
      for (const name of element.getAttributeNames()) element.removeAttribute(name);
  };
}

/** The prototypes of all classes of the page: tests give elements sizes and methods that the environment lacks. */
function prototypes(): readonly object[] {
  return Object.getOwnPropertyNames(globalThis)
    .filter((name) => /^[A-Z]/.test(name))
    .map((name): unknown => Reflect.get(globalThis, name))
    .flatMap((value) => (typeof value === 'function' ? [value.prototype as unknown] : []))
    .filter((prototype) => typeof prototype === 'object' && prototype !== null);
}

function rememberProperties(target: object): () => void {
  const before = Object.getOwnPropertyDescriptors(target);
  return () => {
    for (const key of Reflect.ownKeys(target)) if (!(key in before)) Reflect.deleteProperty(target, key);
    for (const key of Reflect.ownKeys(before)) {
      const known = Reflect.get(before, key) as PropertyDescriptor;
      const now = Reflect.getOwnPropertyDescriptor(target, key);
      if (now === undefined || !isSame(known, now)) Reflect.defineProperty(target, key, known);
    }
  };
}

function isSame(a: PropertyDescriptor, b: PropertyDescriptor): boolean {
  return Object.is(a.value, b.value) && a.get === b.get && a.set === b.set;
}

function recordListeners(): () => void {
  const { addEventListener } = window;
  const added: Parameters<typeof addEventListener>[] = [];
  window.addEventListener = (...listener: Parameters<typeof addEventListener>) => {
    added.push(listener);
    addEventListener(...listener);
  };
  return () => {
    window.addEventListener = addEventListener;
    for (const listener of added) window.removeEventListener(...listener);
  };
}
