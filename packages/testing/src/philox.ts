/** Philox-4x32-10 (Salmon et al., SC 2011), as unsigned words: the reference for dropout and sampling. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter.map((word) => word >>> 0);
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    [a, b, c, d] = [
      (high(0xcd9e8d57, c) ^ b ^ k0) >>> 0,
      Math.imul(0xcd9e8d57, c) >>> 0,
      (high(0xd2511f53, a) ^ d ^ k1) >>> 0,
      Math.imul(0xd2511f53, a) >>> 0,
    ];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [a, b, c, d];
}

/** The upper 32 bits of the product of two unsigned words. */
function high(x: number, y: number): number {
  const low = (x & 0xffff) * (y & 0xffff);
  const middle = (x >>> 16) * (y & 0xffff) + Math.floor(low / 2 ** 16);
  const other = (x & 0xffff) * (y >>> 16) + (middle % 2 ** 16);
  return (x >>> 16) * (y >>> 16) + Math.floor(middle / 2 ** 16) + Math.floor(other / 2 ** 16);
}
