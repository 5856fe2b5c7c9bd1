import koffi from 'koffi';

/** An array of pointers. */
export function readAddresses(address: bigint, count: number): bigint[] {
  return count === 0 ? [] : [...new BigUint64Array(koffi.view(address, count * 8).slice(0))];
}
