/** Park and Miller's generator: small, and the same everywhere. Gives whole numbers from 0 to below a bound. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
