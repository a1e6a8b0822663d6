/** Takes turns among requests by weight, spread as evenly as the weights allow (smooth weighted round robin). */
export function createRequestMix<Item extends { readonly weight: number }>(
  items: readonly Item[],
): () => Item {
  const [only, ...others] = items;
  if (only === undefined) throw new Error('a load test needs a request');
  if (others.length === 0) return () => only;
  const turns = items.map((item) => ({ item, credit: 0 }));
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let best = turns[0];
    for (const turn of turns) {
      turn.credit += turn.item.weight;
      if (best === undefined || turn.credit > best.credit) best = turn;
    }
    if (best === undefined) return only;
    best.credit -= total;
    return best.item;
  };
}
