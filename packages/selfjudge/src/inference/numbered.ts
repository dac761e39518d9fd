/** Items by their keys; the second of one key is KEY#2, so that what is there several times is that many. */
export function numbered<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const count = new Map<string, number>();
  return new Map(
    items.map((item) => {
      const key = keyOf(item);
      const times = (count.get(key) ?? 0) + 1;
      count.set(key, times);
      return [times === 1 ? key : `${key}#${times}`, item];
    }),
  );
}
