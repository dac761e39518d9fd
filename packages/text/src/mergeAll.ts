import type { MergeTable } from './mergeTable.js';

/** Up to this many symbols the best merge is looked for among all; above, a heap keeps them in order. */
const FEW = 32;

/** Merges neighbours, best rank first and of one rank the leftmost, until none merges. Changes `ids` and returns it. */
export function mergeAll(ids: number[], merges: MergeTable): number[] {
  return ids.length <= FEW ? mergeFew(ids, merges) : mergeMany(ids, merges);
}

function mergeFew(ids: number[], merges: MergeTable): number[] {
  const slots = ids.slice(1).map((right, i) => merges.find(ids[i], right));
  for (;;) {
    let best = -1;
    let rank = Infinity;
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] >= 0 && merges.rank(slots[i]) < rank) {
        best = i;
        rank = merges.rank(slots[i]);
      }
    }
    if (best < 0) return ids;
    ids[best] = merges.made(slots[best]);
    ids.splice(best + 1, 1);
    slots.splice(best, 1);
    if (best > 0) slots[best - 1] = merges.find(ids[best - 1], ids[best]);
    if (best < slots.length) slots[best] = merges.find(ids[best], ids[best + 1]);
  }
}

/** A place in the text where two symbols may merge; it is out of date once one of them has. */
interface Candidate {
  rank: number;
  left: number;
  leftId: number;
  rightId: number;
  made: number;
}

function mergeMany(ids: number[], merges: MergeTable): number[] {
  const { length } = ids;
  const next = Int32Array.from(ids, (_, i) => (i + 1 < length ? i + 1 : -1));
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const heap: Candidate[] = [];
  const offer = (left: number) => {
    const right = next[left];
    if (right < 0) return;
    const slot = merges.find(ids[left], ids[right]);
    if (slot >= 0)
      push(heap, {
        rank: merges.rank(slot),
        left,
        leftId: ids[left],
        rightId: ids[right],
        made: merges.made(slot),
      });
  };
  for (let i = 0; i + 1 < length; i++) offer(i);
  for (let top = pop(heap); top !== undefined; top = pop(heap)) {
    const { left } = top;
    const right = next[left];
    if (ids[left] !== top.leftId || right < 0 || ids[right] !== top.rightId) continue;
    ids[left] = top.made;
    ids[right] = -1;
    next[left] = next[right];
    if (next[right] >= 0) previous[next[right]] = left;
    if (previous[left] >= 0) offer(previous[left]);
    offer(left);
  }
  return ids.filter((id) => id >= 0);
}

function before(a: Candidate, b: Candidate): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.left < b.left);
}

function push(heap: Candidate[], candidate: Candidate): void {
  let at = heap.length;
  heap.push(candidate);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(candidate, heap[parent])) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return last;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}
