import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
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
credentials.addAddress('fd20:ce::254', 'ipv6');
credentials.addAddress('100.100.100.200');
credentials.addAddress('168.63.129.16');
credentials.addAddress('192.0.0.192');

/** All that IANA keeps from the public internet. Apart, for Node finds an IPv4 address in networks of IPv6 that hold it. */
const unpublic = { ipv4: new BlockList(), ipv6: new BlockList() };
// biome-ignore format: a table
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['172.16.0.0', 12], ['192.0.0.0', 24],
  ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) unpublic.ipv4.addSubnet(network, bits);
// Of IPv6 only 2000::/3 is given out; of that, 6to4 and Teredo hold IPv4 addresses, the others are for documents
// biome-ignore format: a table
for (const [network, bits] of [
  ['::', 3], ['4000::', 2], ['8000::', 1], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20],
] as const) unpublic.ipv6.addSubnet(network, bits, 'ipv6');

/** Whether a numeric address lies within reach. */
export function isWithinReach(address: string, reach: HttpReach): boolean {
  const { plain, hidden } = toIpv4(address);
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (reach === 'anywhere') return true;
  if (credentials.check(plain, family) || (hidden && credentials.check(hidden))) return false;
  return reach === 'network' || !unpublic[family].check(plain, family);
}

/** As `dns.lookup` with all addresses. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * Looks a name up and refuses it where any of its addresses is out of reach, at the moment of connecting: a name may
 * change. Strangers are not told a network's names: one that is not there is refused in the same words.
 */
export function lookupWithin(reach: HttpReach, resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const isUnknown = error?.code === 'ENOTFOUND' && reach === 'public';
      if (error) return callback(isUnknown ? new OutOfReach(hostname) : error, '', 4);
      const isRefused = found.some(({ address }) => !isWithinReach(address, reach));
      if (isRefused) return callback(new OutOfReach(hostname), '', 4);
      if (options.all) return callback(null, found);
      callback(null, found[0]?.address ?? '', found[0]?.family ?? 4);
    });
  };
}

/** Throws where a URL names a numeric address out of reach; names are looked at by `lookupWithin`. */
export function checkReach(url: URL, reach: HttpReach): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isWithinReach(host, reach)) throw new OutOfReach(host);
}

/** What was not to be connected to. What a name leads to is not told: it may be of a network that nobody shall know. */
export class OutOfReach extends Error {
  constructor(host: string) {
    super(`${host} leads to no address that may be asked`);
  }
}

/**
 * IPv4 addresses in the disguise of IPv6, however it is spelt. Those that every network takes for the IPv4 address are judged
 * as that alone: mapped, compatible, translated, and NAT64's own. Those of local NAT64 and 6to4 lead there only in some networks.
 */
function toIpv4(address: string): { readonly plain: string; readonly hidden: string | undefined } {
  const bare = address.split('%')[0] ?? address;
  if (!isIPv6(bare)) return { plain: bare, hidden: undefined };
  const groups = groupsOf(bare);
  const last = dotted(groups[6]!, groups[7]!);
  const head = groups.slice(0, 6).map((group) => group.toString(16));
  if (['0:0:0:0:0:0', '0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0'].includes(head.join(':'))) {
    return { plain: last, hidden: undefined };
  }
  if (head.slice(0, 3).join(':') === '64:ff9b:1') return { plain: bare, hidden: last };
  return { plain: bare, hidden: head[0] === '2002' ? dotted(groups[1]!, groups[2]!) : undefined };
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  // In the one spelling that all addresses have there
  const [left = '', right = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parts = (text: string) => text.split(':').filter(Boolean);
  const [before, after] = [parts(left), parts(right)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

const dotted = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255].join('.');
