/** Writes a small MaxMind DB file (format 2.0, IPv4, records of 24 bits), enough to test with. */

type Value = string | number | { [name: string]: Value };

const field = (type: number, size: number): Buffer => {
  if (size >= 285) throw new RangeError('too long for this writer');
  const short = size < 29 ? size : 29;
  const extra = size < 29 ? [] : [size - 29];
  return Buffer.from(type <= 7 ? [(type << 5) | short, ...extra] : [short, type - 7, ...extra]);
};

const encode = (value: Value): Buffer => {
  if (typeof value === 'string') {
    return Buffer.concat([field(2, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([field(6, 4), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    field(7, entries.length),
    ...entries.flatMap(([name, one]) => [encode(name), encode(one)]),
  ]);
};

type Node = [Node | Leaf | undefined, Node | Leaf | undefined];
interface Leaf {
  value: Value;
}

const insert = (root: Node, network: string, value: Value): void => {
  const [address = '', length] = network.split('/');
  const bits = address
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
    .slice(0, Number(length));
  let node = root;
  for (const [index, bit] of [...bits].entries()) {
    const side = bit === '1' ? 1 : 0;
    if (index === bits.length - 1) node[side] = { value };
    else {
      const next = node[side];
      const child: Node = Array.isArray(next) ? next : [undefined, undefined];
      node[side] = child;
      node = child;
    }
  }
};

/** The file's bytes: what is known of each network (`192.0.2.0/24`). */
export const mmdb = (networks: Readonly<Record<string, Value>>): Buffer => {
  const root: Node = [undefined, undefined];
  for (const [network, value] of Object.entries(networks)) insert(root, network, value);
  const nodes: Node[] = [root];
  for (const node of nodes) for (const side of node) if (Array.isArray(side)) nodes.push(side);
  const data: Buffer[] = [];
  let offset = 0;
  const pointer = (side: Node | Leaf | undefined): number => {
    if (side === undefined) return nodes.length;
    if (Array.isArray(side)) return nodes.indexOf(side);
    const bytes = encode(side.value);
    data.push(bytes);
    offset += bytes.length;
    return nodes.length + 16 + offset - bytes.length;
  };
  const tree = Buffer.concat(
    nodes.flatMap((node) =>
      node.map((side) => Buffer.from(pointer(side).toString(16).padStart(6, '0'), 'hex')),
    ),
  );
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: 'Test-City',
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
  });
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
};
