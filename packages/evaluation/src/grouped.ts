/** Items by a name each, in the order in which names first stand. */
export function grouped<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const of = groups.get(name);
    if (of === undefined) groups.set(name, [item]);
    else of.push(item);
  }
  return groups;
}
