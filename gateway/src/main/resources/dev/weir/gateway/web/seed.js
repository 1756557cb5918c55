// Seeds have 64 bits. Above 2^53 they are strings, because a number would be rounded.

/** What a person typed. */
export const parseSeed = (text) => exact(BigInt(text));

/** The seed of a later sample of the same request; undefined where it is random. */
export function seedOf(seed, sample) {
  return seed === undefined || String(seed) === "-1" ? undefined : exact(BigInt.asUintN(64, BigInt(seed) + BigInt(sample)));
}

const exact = (seed) => (seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : String(seed));
