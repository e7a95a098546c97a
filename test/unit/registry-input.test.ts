import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ImportError } from '../../src/registry/file-error.ts';
import { generate, MOST_PERSONS, testNumber } from '../../src/registry/generate.ts';
import { openSource, type ImportInput } from '../../src/registry/input.ts';
import { openReader } from '../../src/registry/reader.ts';
import { readZip } from '../../src/registry/unzip.ts';
import { blocks, rpps } from '../support/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'caducee-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  name: string;
  content: Buffer;
  stored?: boolean;
  /** Length and checksum after the data, as programs write that do not know them before. */
  streamed?: boolean;
  signed?: boolean;
}

/** An archive, written here so that every way of writing one can be tried. */
const zip = (entries: readonly Entry[]): Buffer => {
  const parts = entries.map(({ name, content, stored = false, streamed = false, signed = true }) => {
    const data = stored ? content : deflateRawSync(content);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(streamed ? 8 : 0, 6);
    header.writeUInt16LE(stored ? 0 : 8, 8);
    if (!streamed) {
      header.writeUInt32LE(crc32(content), 14);
      header.writeUInt32LE(data.length, 18);
      header.writeUInt32LE(content.length, 22);
    }
    header.writeUInt16LE(Buffer.byteLength(name), 26);
    const descriptor = Buffer.alloc(12);
    descriptor.writeUInt32LE(crc32(content), 0);
    descriptor.writeUInt32LE(data.length, 4);
    descriptor.writeUInt32LE(content.length, 8);
    const tail = [...(signed ? [Buffer.from('PK\u0007\u0008', 'latin1')] : []), descriptor];
    return Buffer.concat([header, Buffer.from(name), data, ...(streamed ? tail : [])]);
  });
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  return Buffer.concat([...parts, end]);
};

const unzip = async (archive: Buffer, size = 100): Promise<[string, string][]> => {
  const found: [string, string][] = [];
  for await (const { name, bytes } of readZip(blocks(archive, size))) {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part);
    found.push([name, Buffer.concat(parts).toString()]);
  }
  return found;
};

describe('a zip archive from a pipe', () => {
  it('gives its entries however they were written and cut (property)', async () => {
    const entry = fc.record({
      name: fc.constantFrom('a.txt', 'b/ç.csv', 'x'),
      content: fc
        .oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ maxLength: 10 }).map((text) => Buffer.from(text.repeat(2000))),
        )
        .map((bytes) => Buffer.from(bytes)),
      kind: fc.constantFrom({ stored: true }, {}, { streamed: true }, { streamed: true, signed: false }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        async (entries, size) => {
          const archive = zip(entries.map(({ kind, ...rest }) => ({ ...rest, ...kind })));
          expect(await unzip(archive, size)).toEqual(
            entries.map(({ name, content }) => [name, content.toString()]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says that it is cut or damaged, wherever (property)', async () => {
    const content = Buffer.from('Identifiant|Nom\n'.repeat(500) + Math.PI);
    for (const kind of [{}, { streamed: true }, { stored: true }]) {
      const archive = zip([{ name: 'a.txt', content, ...kind }]);
      const end = archive.length - 22;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 4, max: end - 1 }), async (at) => {
          await expect(unzip(archive.subarray(0, at), 64)).rejects.toMatchObject({ code: 'damaged_archive' });
        }),
        { numRuns: 40 },
      );
      const flipped = Buffer.from(archive);
      flipped[end - 30] = (flipped[end - 30] ?? 0) ^ 1;
      await expect(unzip(flipped)).rejects.toBeInstanceOf(ImportError);
    }
  });

  it('skips what the reader leaves unread', async () => {
    const archive = zip([
      { name: 'one', content: Buffer.from('1'.repeat(100_000)) },
      { name: 'two', content: Buffer.from('2') },
    ]);
    const names: string[] = [];
    for await (const { name } of readZip(blocks(archive, 50))) names.push(name);
    expect(names).toEqual(['one', 'two']);
  });
});

const readAll = async (input: ImportInput) => {
  let counted = 0;
  const source = await openSource(input, {}, (bytes) => (counted += bytes));
  const files: [string, string][] = [];
  for await (const { name, bytes } of source.files) {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part);
    files.push([name, Buffer.concat(parts).toString()]);
  }
  return { files, counted, total: source.total, hash: await source.hash(), fileName: source.fileName };
};

describe('an input', () => {
  it('is told apart by its first bytes: plain, gzip, zip', async () => {
    const text = 'a|b\n1|2\n';
    for (const size of [1, 3, 1000]) {
      expect((await readAll(blocks(text, size))).files).toEqual([['-', text]]);
      expect((await readAll(blocks(gzipSync(text), size))).files).toEqual([['-', text]]);
      expect(
        (await readAll(blocks(zip([{ name: 'x.txt', content: Buffer.from(text) }]), size))).files,
      ).toEqual([['-/x.txt', text]]);
    }
    expect((await readAll(blocks(''))).files).toEqual([['-', '']]);
    expect((await readAll(blocks('P'))).files).toEqual([['-', 'P']]);
  });

  it('that is a damaged gzip or an empty zip says so', async () => {
    const packed = gzipSync('a|b\n'.repeat(1000));
    await expect(readAll(blocks(packed.subarray(0, -6), 20))).rejects.toMatchObject({
      code: 'damaged_archive',
    });
    await expect(readAll(blocks(zip([])))).rejects.toMatchObject({ code: 'damaged_archive' });
  });

  it('reads what Info-ZIP writes: a file, a pipe beyond 4 GB for all it knows, a pipe with lengths afterwards', async () => {
    const archives = {
      '-/rpps.txt':
        'UEsDBAoAAAAAAImTd120aNzuCQAAAAkAAAAIAAAAcnBwcy50eHTDqXxiCjF8MgpQSwECHgMKAAAAAACJk3ddtGjc7gkAAAAJAAAACAAAAAAAAAABAAAApIEAAAAAcnBwcy50eHRQSwUGAAAAAAEAAQA2AAAALwAAAAAA',
      '-/-':
        'UEsDBC0AAAAAAImTd120aNzu//////////8BABQALQEAEAAJAAAAAAAAAAkAAAAAAAAAw6l8YgoxfDIKUEsBAh4DLQAAAAAAiZN3XbRo3O4JAAAACQAAAAEAAAAAAAAAAQAAAIARAAAAAC1QSwYGLAAAAAAAAAAeAy0AAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAALwAAAAAAAAA8AAAAAAAAAFBLBgcAAAAAawAAAAAAAAABAAAAUEsFBgAAAAABAAEALwAAADwAAAAAAA==',
      '-/- ':
        'UEsDBBQACAAIAImTd10AAAAAAAAAAAAAAAABAAAALTu8siaJy7DGiAsAUEsHCLRo3O4LAAAACQAAAFBLAQIeAxQACAAIAImTd120aNzuCwAAAAkAAAABAAAAAAAAAAEAAACAEQAAAAAtUEsFBgAAAAABAAEALwAAADoAAAAAAA==',
    };
    for (const [name, archive] of Object.entries(archives)) {
      for (const size of [1, 1000]) {
        expect((await readAll(blocks(Buffer.from(archive, 'base64'), size))).files).toEqual([
          [name.trim(), 'é|b\n1|2\n'],
        ]);
      }
    }
  });

  it('counts and hashes what was read, not what it unpacks to', async () => {
    const text = 'é|b\n'.repeat(50_000);
    const path = join(folder, 'rpps.txt.gz');
    writeFileSync(path, gzipSync(text));
    const { files, counted, total, hash } = await readAll(path);
    expect(files[0]?.[1]).toBe(text);
    expect(counted).toBe(total);
    expect(hash).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
  });

  it('may be a folder: its newest registry file', async () => {
    const many = join(folder, 'many');
    mkdirSync(many);
    await expect(readAll(many)).rejects.toMatchObject({ code: 'no_file' });
    writeFileSync(join(many, 'PS_LibreAcces_Personne_activite_202601010800.txt'), 'old');
    writeFileSync(join(many, 'PS_LibreAcces_Personne_activite_202601020800.txt.gz'), gzipSync('new'));
    writeFileSync(join(many, 'PS_LibreAcces_SavoirFaire_202601030800.txt'), 'other');
    expect(await readAll(many)).toMatchObject({
      files: [['PS_LibreAcces_Personne_activite_202601020800.txt.gz', 'new']],
    });
    writeFileSync(join(many, 'Extraction_ProSanteConnect_Personne_activite_1.txt'), 'x');
    await expect(readAll(many)).rejects.toMatchObject({ code: 'no_file' });
  });
});

describe('synthetic extracts', () => {
  const whole = (options: Partial<Parameters<typeof generate>[0]> = {}): string =>
    [...generate({ persons: 2000, seed: 7, layout: 'public', ...options })].join('');
  const read = async (text: string) => {
    const told: string[] = [];
    const reader = await openReader(blocks(text), {
      refused: (_, reason) => told.push(reason),
      warned: (_, code) => told.push(code),
    });
    for await (const _ of reader.rows);
    return { told, read: reader.read(), made: reader.made(), professions: reader.professions() };
  };

  it('are the same for the same seed, and persons the same in a file of any size', () => {
    expect(whole()).toBe(whole());
    expect(whole()).not.toBe(whole({ seed: 8 }));
    const ofPerson = (text: string, index: number) =>
      text.split('\n').filter((row) => row.includes(`|8${testNumber(index)}|`));
    expect(ofPerson(whole(), 1234)).toEqual(ofPerson(whole({ persons: 3000 }), 1234));
    expect(testNumber(42)).toBe(rpps(42).slice(1));
  });

  it.each(['public', 'restricted'] as const)(
    'are without any fault in the %s layout, in the proportions of the real one',
    async (layout) => {
      const { told, read: lines, made, professions } = await read(whole({ layout }));
      expect(told).toEqual([]);
      expect(lines / 2000).toBeGreaterThan(1.5);
      expect(lines / 2000).toBeLessThan(1.9);
      expect(made).toBeGreaterThan(2000);
      expect(made).toBeLessThan(2010);
      expect((professions['60'] ?? 0) / 2000).toBeGreaterThan(0.38);
    },
  );

  it('change a little each day', () => {
    const [before, after] = [whole().split('\n'), whole({ day: 30 }).split('\n')];
    const kept = new Set(before);
    const fresh = after.filter((row) => !kept.has(row)).length;
    expect(fresh).toBeGreaterThan(50);
    expect(fresh).toBeLessThan(250);
    expect(MOST_PERSONS).toBe(10_000_000);
  });
});
