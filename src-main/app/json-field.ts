const MAX_SHOWN_CHARS = 40;

/** A value of a parsed JSON document that knows where it stands, so that every complaint names its field. */
export class Field {
  constructor(
    private readonly value: unknown,
    private readonly path: string,
    private readonly toError: (message: string) => Error,
  ) {}

  /** The error that this field is not what was expected. */
  expected(what: string): Error {
    const shown = this.value === undefined ? 'nothing' : JSON.stringify(this.value);
    const found = shown.length > MAX_SHOWN_CHARS ? `${shown.slice(0, MAX_SHOWN_CHARS)}…` : shown;
    return this.toError(`Expected ${what} at ${this.path || 'the top level'}, found ${found}`);
  }

  at(key: string): Field {
    return this.child(key, Object.getOwnPropertyDescriptor(this.object(), key)?.value);
  }

  text(): string {
    if (typeof this.value !== 'string' || this.value === '') throw this.expected('a text');
    return this.value;
  }

  number(): number {
    return this.numberIn('a number', () => true);
  }

  numberIn(what: string, isAllowed: (value: number) => boolean): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value) || !isAllowed(this.value)) throw this.expected(what);
    return this.value;
  }

  oneOf<T extends string>(choices: readonly T[]): T {
    const choice = choices.find((candidate) => candidate === this.value);
    if (choice === undefined) throw this.expected(`one of ${choices.join(', ')}`);
    return choice;
  }

  orNull<T>(parse: (field: Field) => T): T | null {
    return this.value === null ? null : parse(this);
  }

  list<T>(parse: (item: Field) => T): readonly T[] {
    if (!Array.isArray(this.value)) throw this.expected('a list');
    return this.value.map((item: unknown, i) => parse(new Field(item, `${this.path}[${i}]`, this.toError)));
  }

  record<T>(parse: (item: Field) => T): Readonly<Record<string, T>> {
    return Object.fromEntries(Object.entries(this.object()).map(([key, item]) => [key, parse(this.child(key, item))]));
  }

  private child(key: string, value: unknown): Field {
    return new Field(value, this.path === '' ? key : `${this.path}.${key}`, this.toError);
  }

  private object(): object {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) throw this.expected('an object');
    return this.value;
  }
}
