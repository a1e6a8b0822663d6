const allUpTo = 6;

/** Numbers of replicas to measure: each up to six, from there on about every one and a half times, and the highest. */
export function sizesUpTo(max: number): number[] {
  const sizes: number[] = [];
  let size = 1;
  while (size < max) {
    sizes.push(size);
    size = size < allUpTo ? size + 1 : Math.ceil(size * 1.5);
  }
  return [...sizes, max];
}
