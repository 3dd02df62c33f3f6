/** Class names in a YAML file that describes a YOLO data set. */
export interface YamlNames {
  /** By class index. */
  readonly names: readonly string[];
  /** The data set has key points (`kpt_shape`), which stand behind the box in a line of labels. */
  readonly hasKeyPoints: boolean;
}

/**
 * Reads the top-level key `names` of a data set's YAML file, such as `data.yaml`. It may be a list or a map from index
 * to name, in block or flow style (YAML 1.2, chapters 7 and 8), with plain or quoted names and comments.
 * Everything else in the file is ignored. null if the file has no such key or writes it in another way.
 */
export function namesInYaml(text: string): YamlNames | null {
  const lines = text.split(/\r\n|\n|\r/);
  const names = topLevel(lines, 'names');
  const parsed = names === null ? null : namesOf(names.value, lines.slice(names.line + 1));
  if (parsed === null) return null;
  return {
    names: parsed,
    hasKeyPoints: topLevel(lines, 'kpt_shape') !== null,
  };
}

function topLevel(lines: readonly string[], key: string): { readonly value: string; readonly line: number } | null {
  const pattern = new RegExp(`^(?:${key}|"${key}"|'${key}')\\s*:(?:\\s+(.*)|)$`);
  for (const [line, content] of lines.entries()) {
    const match = pattern.exec(content);
    if (match !== null) return { value: match[1] ?? '', line };
  }
  return null;
}

function namesOf(value: string, following: readonly string[]): readonly string[] | null {
  const start = withoutComment(value).trim();
  if (start.startsWith('[') || start.startsWith('{')) return flowNames([value, ...following]);
  return start === '' ? blockNames(following) : null;
}

/** A list of `- name` or a map of `0: name` on the lines below the key. */
function blockNames(lines: readonly string[]): readonly string[] | null {
  const listed: string[] = [];
  const mapped = new Map<number, string>();
  for (const line of lines) {
    const content = withoutComment(line).trimEnd();
    if (content.trim() === '') continue;
    // A list may stand at the level of its key; any other line at that level ends the value.
    const item = /^\s*-(?:\s+(.*)|)$/.exec(content);
    const pair = /^\s+(?:(\d+)|"(\d+)"|'(\d+)')\s*:(?:\s+(.*)|)$/.exec(content);
    if (item !== null && content !== '---') {
      const name = scalar(item[1] ?? '');
      if (name === null) return null;
      listed.push(name);
    } else if (pair !== null) {
      const name = scalar(pair[4] ?? '');
      if (name === null) return null;
      mapped.set(Number(pair[1] ?? pair[2] ?? pair[3]), name);
    } else if (/^\S/.test(content)) break;
    else return null;
  }
  return joined(listed, mapped);
}

/** `[a, 'b']` or `{0: a, 1: "b"}`, which may continue on the next lines. */
function flowNames(lines: readonly string[]): readonly string[] | null {
  const text = lines.map((line) => withoutComment(line)).join(' ');
  const isMap = text.trimStart().startsWith('{');
  const end = isMap ? '}' : ']';
  let rest = text.trimStart().slice(1);
  const listed: string[] = [];
  const mapped = new Map<number, string>();
  for (;;) {
    rest = rest.trimStart();
    if (rest.startsWith(end)) return joined(listed, mapped);
    const entry = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,[\]{}"'][^,[\]{}]*)/.exec(rest)?.[0];
    if (entry === undefined) return null;
    let content = entry;
    rest = rest.slice(entry.length).trimStart();
    let index: number | null = null;
    if (isMap) {
      const quoted = /^["'](\d+)["']$/.exec(entry);
      const plain = /^(\d+)\s*:\s+(.*)$|^(\d+)\s*:$/s.exec(entry.trim());
      index = Number(quoted?.[1] ?? plain?.[1] ?? plain?.[3] ?? Number.NaN);
      if (quoted !== null) rest = rest.replace(/^:\s*/, '');
      if (plain?.[2] !== undefined) content = plain[2];
      else {
        const value = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,[\]{}"'][^,[\]{}]*)/.exec(rest)?.[0];
        if (value === undefined) return null;
        content = value;
        rest = rest.slice(value.length).trimStart();
      }
    }
    const name = scalar(content);
    if (name === null || (isMap && !Number.isSafeInteger(index))) return null;
    if (index === null) listed.push(name);
    else mapped.set(index, name);
    if (rest.startsWith(',')) rest = rest.slice(1);
    else if (!rest.startsWith(end)) return null;
  }
}

/** A map must have the indices 0, 1, 2, ... without a gap; null if it has others, or if both forms are mixed. */
function joined(listed: readonly string[], mapped: ReadonlyMap<number, string>): readonly string[] | null {
  if (mapped.size === 0) return listed;
  if (listed.length > 0) return null;
  const names = Array.from({ length: mapped.size }, (_, index) => mapped.get(index));
  return names.every((name) => name !== undefined) ? names : null;
}

/** A plain or quoted scalar; null for nested structures, anchors and tags. */
function scalar(text: string): string | null {
  const content = text.trim();
  if (/^'(?:[^']|'')*'$/.test(content)) return content.slice(1, -1).replaceAll("''", "'");
  if (/^"(?:[^"\\]|\\.)*"$/.test(content)) {
    try {
      const value: unknown = JSON.parse(content);
      return typeof value === 'string' ? value : null;
    } catch {
      return null;
    }
  }
  return content === '' || /^["'[\]{}&*!|>%@`]/.test(content) ? null : content;
}

/** The line without a comment: `#` at its beginning or after a space, outside of quotes. */
function withoutComment(line: string): string {
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? '';
    const before = line[at - 1] ?? ' ';
    if (quote !== null) {
      if (quote === '"' && char === '\\') at += 1;
      else if (char === quote) quote = null;
    } else if ((char === '"' || char === "'") && /[\s[{,:-]/.test(before)) quote = char;
    else if (char === '#' && /\s/.test(before)) return line.slice(0, at);
  }
  return line;
}
