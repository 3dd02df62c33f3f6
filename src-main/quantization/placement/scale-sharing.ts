import type { ScaleGroup } from './placement';

interface MutableGroup {
  readonly tensors: Set<string>;
  readonly sources: Set<string>;
}

/** Groups of tensors that have one scale; sharing is transitive. */
export class ScaleSharing {
  private readonly byTensor = new Map<string, MutableGroup>();

  /** `copies` take over the scale of `source` (and of whatever group that is in). */
  copy(source: string, copies: readonly string[]): void {
    const group = this.groupOf(source);
    for (const copy of copies) this.join(group, copy);
  }

  /** All of `parts` and `whole` get one scale, decided by `whole`. */
  pool(whole: string, parts: readonly string[]): void {
    const group = this.groupOf(whole);
    for (const part of parts) this.join(group, part);
  }

  groups(): ScaleGroup[] {
    return [...new Set(this.byTensor.values())]
      .filter((group) => group.tensors.size > 1)
      .map((group) => ({ tensors: [...group.tensors].sort(), sources: [...group.sources].sort() }));
  }

  private groupOf(tensor: string): MutableGroup {
    const known = this.byTensor.get(tensor);
    if (known) return known;
    const group: MutableGroup = { tensors: new Set([tensor]), sources: new Set([tensor]) };
    this.byTensor.set(tensor, group);
    return group;
  }

  /** A tensor that stood alone stops being a source; one that leads a group of its own brings its sources along. */
  private join(group: MutableGroup, tensor: string): void {
    const other = this.byTensor.get(tensor);
    if (other === group) return;
    this.byTensor.set(tensor, group);
    group.tensors.add(tensor);
    if (!other) return;
    for (const member of other.tensors) {
      group.tensors.add(member);
      this.byTensor.set(member, group);
    }
    for (const source of other.sources) if (source !== tensor) group.sources.add(source);
  }
}
