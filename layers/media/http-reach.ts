import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/**
 * Which hosts an address may lead to. `public`: the internet only, for addresses that strangers send. `network`: also
 * this machine and its network, but not where clouds keep credentials. `anywhere`: no limit.
 */
export type HttpReach = 'public' | 'network' | 'anywhere';

/** Link-local, where 169.254.169.254 tells a machine's credentials, and the same service at other addresses. */
const credentials = new BlockList();
credentials.addSubnet('169.254.0.0', 16);
credentials.addSubnet('fe80::', 10, 'ipv6');
credentials.addAddress('fd00:ec2::254', 'ipv6');
credentials.addAddress('fd00:ec2::23', 'ipv6');
credentials.addAddress('100.100.100.200');
credentials.addAddress('168.63.129.16');

/** All that IANA keeps from the public internet. */
const unpublic = new BlockList();
// biome-ignore format: a table
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['172.16.0.0', 12], ['192.0.0.0', 24],
  ['192.0.2.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) unpublic.addSubnet(network, bits);
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['ff00::', 8],
] as const)
  unpublic.addSubnet(network, bits, 'ipv6');

/** Whether a numeric address lies within reach. */
export function isWithinReach(address: string, reach: HttpReach): boolean {
  const plain = toIpv4(address);
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (reach === 'anywhere') return true;
  if (credentials.check(plain, family)) return false;
  return reach === 'network' || !unpublic.check(plain, family);
}

/** Looks a name up and refuses it where it leads out of reach, at the moment of connecting: a name may change. */
export function lookupWithin(reach: HttpReach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '', 4);
      const refused = found.find(({ address }) => !isWithinReach(address, reach));
      if (refused) return callback(new OutOfReach(hostname, refused.address), '', 4);
      if (options.all) return callback(null, found);
      callback(null, found[0]?.address ?? '', found[0]?.family ?? 4);
    });
  };
}

/** Throws where a URL names a numeric address out of reach; names are looked at by `lookupWithin`. */
export function checkReach(url: URL, reach: HttpReach): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isWithinReach(host, reach)) throw new OutOfReach(host, host);
}

/** An address that was not to be connected to. */
export class OutOfReach extends Error {
  constructor(hostname: string, address: string) {
    super(
      hostname === address
        ? `${address} is out of bounds`
        : `${hostname} leads to ${address}, which is out of bounds`,
    );
  }
}

/** `::ffff:169.254.169.254`, `64:ff9b::…` and their spellings in hex are IPv4 addresses in disguise. */
function toIpv4(address: string): string {
  if (!isIPv6(address)) return address;
  const tail = /^(?:::ffff:|::ffff:0:|64:ff9b::|::)(.+)$/i.exec(
    new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1),
  )?.[1];
  const hex = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(tail ?? '');
  if (!hex) return address.split('%')[0] ?? address;
  const [high, low] = [Number.parseInt(hex[1]!, 16), Number.parseInt(hex[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
