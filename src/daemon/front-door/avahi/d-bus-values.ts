/**
 * Values of D-Bus as bytes (D-Bus specification, "Marshaling"). Numbers of up to 32 bits and doubles are numbers, 64 bits are bigints, `ay` is bytes,
 * any other array and a struct are arrays, a variant is what is in it, an entry of a dictionary is a pair.
 */
export type DBusValue = string | number | bigint | boolean | Uint8Array | readonly DBusValue[];

const alignments: Readonly<Record<string, number>> = {
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
  h: 4,
  a: 4,
  v: 1,
  '(': 8,
  '{': 8,
};

const closing: Readonly<Record<string, string>> = { '(': ')', '{': '}' };
/** The specification allows 32 arrays in 32 structs. */
const maxDepth = 64;

/** The complete types of which a signature consists: `sa(iv)` is `s` and `a(iv)`. Throws on what is no signature. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at, 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number, depth: number): number {
  const code = signature.charAt(at);
  if (alignments[code] === undefined || depth > maxDepth)
    throw new Error(`not a D-Bus signature: ${signature}`);
  if (code === 'a') return endOfType(signature, at + 1, depth + 1);
  const close = closing[code];
  if (close === undefined) return at + 1;
  let next = at + 1;
  do next = endOfType(signature, next, depth + 1);
  while (signature.charAt(next) !== close);
  return next + 1;
}

function alignmentOf(type: string): number {
  return alignments[type.charAt(0)] ?? 1;
}

/** Puts values one after another, little-endian. The first byte counts as aligned. */
export class DBusWriter {
  private readonly parts: Buffer[] = [];
  private size = 0;

  /** Throws when a value does not fit its type, which is a bug of the caller. */
  write(signature: string, values: readonly DBusValue[]): void {
    const types = splitSignature(signature);
    if (types.length !== values.length) throw new Error(`${values.length} values for "${signature}"`);
    types.forEach((type, index) => this.writeOne(type, values[index] ?? 0));
  }

  align(alignment: number): void {
    const rest = this.size % alignment;
    if (rest > 0) this.append(Buffer.alloc(alignment - rest));
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.parts);
  }

  private append(part: Buffer): void {
    this.parts.push(part);
    this.size += part.length;
  }

  private writeOne(type: string, value: DBusValue): void {
    this.align(alignmentOf(type));
    const code = type.charAt(0);
    if (code === 'a') this.writeArray(type.slice(1), value);
    else if (code === '(' || code === '{') this.write(type.slice(1, -1), value as readonly DBusValue[]);
    else if (code === 'v') this.writeVariant(value);
    else if (code === 's' || code === 'o' || code === 'g') this.writeText(code, value);
    else this.append(numberBytes(code, value));
  }

  private writeArray(type: string, value: DBusValue): void {
    const length = Buffer.alloc(4);
    this.append(length);
    this.align(alignmentOf(type));
    const start = this.size;
    if (value instanceof Uint8Array) this.append(Buffer.from(value));
    else for (const one of value as readonly DBusValue[]) this.writeOne(type, one);
    length.writeUInt32LE(this.size - start);
  }

  /** A variant is given as the pair of its signature and its value. */
  private writeVariant(value: DBusValue): void {
    const [signature, inner] = value as readonly [string, DBusValue];
    this.writeText('g', signature);
    this.writeOne(signature, inner);
  }

  private writeText(code: string, value: DBusValue): void {
    const text = Buffer.from(String(value), 'utf8');
    const length = Buffer.alloc(code === 'g' ? 1 : 4);
    length.writeUIntLE(text.length, 0, length.length);
    this.append(length);
    this.append(text);
    this.append(Buffer.alloc(1));
  }
}

function numberBytes(code: string, value: DBusValue): Buffer {
  const bytes = Buffer.alloc(code === 'y' ? 1 : alignmentOf(code));
  if (code === 'x') bytes.writeBigInt64LE(value as bigint);
  else if (code === 't') bytes.writeBigUInt64LE(value as bigint);
  else if (code === 'd') bytes.writeDoubleLE(value as number);
  else if (code === 'n' || code === 'i') bytes.writeIntLE(value as number, 0, bytes.length);
  else bytes.writeUIntLE(Number(value), 0, bytes.length);
  return bytes;
}

/** Takes values out of bytes that another process has written. Throws on anything that is not as the specification says. */
export class DBusReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Buffer,
    private readonly isLittleEndian: boolean,
    private at = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(signature: string): DBusValue[] {
    return splitSignature(signature).map((type) => this.readOne(type, 0));
  }

  align(alignment: number): void {
    this.at = Math.ceil(this.at / alignment) * alignment;
  }

  private take(size: number): number {
    const { at } = this;
    if (size > this.bytes.length - at) throw new Error('a D-Bus message ends in the middle of a value');
    this.at = at + size;
    return at;
  }

  private readOne(type: string, depth: number): DBusValue {
    if (depth > maxDepth) throw new Error('a D-Bus value is nested too deeply');
    this.align(alignmentOf(type));
    const code = type.charAt(0);
    switch (code) {
      case 'a':
        return this.readArray(type.slice(1), depth);
      case '(':
      case '{':
        return splitSignature(type.slice(1, -1)).map((inner) => this.readOne(inner, depth + 1));
      case 'v': {
        const [inner, ...more] = splitSignature(this.readText(1));
        if (inner === undefined || more.length > 0) throw new Error('a D-Bus variant is not of one type');
        return this.readOne(inner, depth + 1);
      }
      case 's':
      case 'o':
        return this.readText(4);
      case 'g':
        return this.readText(1);
      default:
        return this.readNumber(code);
    }
  }

  private readArray(type: string, depth: number): DBusValue {
    const size = this.view.getUint32(this.take(4), this.isLittleEndian);
    this.align(alignmentOf(type));
    const start = this.take(size);
    if (type === 'y') return this.bytes.subarray(start, start + size);
    const end = this.at;
    this.at = start;
    const values: DBusValue[] = [];
    while (this.at < end) values.push(this.readOne(type, depth + 1));
    if (this.at !== end) throw new Error('a D-Bus array ends in the middle of a value');
    return values;
  }

  private readText(lengthBytes: 1 | 4): string {
    const at = this.take(lengthBytes);
    const size = lengthBytes === 1 ? this.view.getUint8(at) : this.view.getUint32(at, this.isLittleEndian);
    const start = this.take(size + 1);
    return this.bytes.toString('utf8', start, start + size);
  }

  private readNumber(code: string): number | bigint | boolean {
    const { view, isLittleEndian } = this;
    const at = this.take(alignmentOf(code));
    switch (code) {
      case 'y':
        return view.getUint8(at);
      case 'b':
        return view.getUint32(at, isLittleEndian) !== 0;
      case 'n':
        return view.getInt16(at, isLittleEndian);
      case 'q':
        return view.getUint16(at, isLittleEndian);
      case 'i':
        return view.getInt32(at, isLittleEndian);
      case 'x':
        return view.getBigInt64(at, isLittleEndian);
      case 't':
        return view.getBigUint64(at, isLittleEndian);
      case 'd':
        return view.getFloat64(at, isLittleEndian);
      default:
        return view.getUint32(at, isLittleEndian);
    }
  }
}
