import { randomBytes } from 'node:crypto';

/** A secret that is told from everything else in the world, to be looked for where it must not be. */
export class Canary {
  private readonly needles: string[];

  /** `value` as it is planted; `core` is the part of it that every way of writing text leaves as it is. */
  constructor(readonly name: string, readonly value: string, core: string) {
    const bytes = Buffer.from(core);
    this.needles = [core, bytes.toString('hex'), ...inBase64(bytes)];
  }

  /** As keys are, with characters that URLs, JSON and HTML each write in another way. */
  static planted(name: string): Canary {
    const core = `canary${randomBytes(12).toString('hex')}`;
    return new Canary(name, `${core}+/="&<`, core);
  }

  /** A secret that the portal has made, of letters, digits, - and _. */
  static made(name: string, value: string): Canary {
    return new Canary(name, value, value);
  }

  /** A secret of bytes. */
  static bytes(name: string, bytes: Buffer): Canary {
    const canary = new Canary(name, bytes.toString('hex'), bytes.toString('hex'));
    canary.needles.push(...inBase64(bytes));
    return canary;
  }

  isIn(text: string): boolean {
    return this.needles.some(needle => text.includes(needle));
  }
}

/** What is always the same in base64, wherever in a longer text the bytes stand. */
function inBase64(bytes: Buffer): string[] {
  const written = [0, 1, 2].map(before => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').replace(/=+$/, '');
    // The first and the last letters are shared with the neighbours.
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
  return written.flatMap(text => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** What was told, by where: each entry is one page, answer, log or output. */
export class Told {
  private readonly texts = new Map<string, { where: string; text: string }[]>();

  add(kind: string, where: string, text: string): void {
    if (!this.texts.has(kind)) this.texts.set(kind, []);
    this.texts.get(kind)!.push({ where, text });
  }

  count(kind: string): number {
    return this.texts.get(kind)?.length ?? 0;
  }

  /** The kinds in which a text is found. */
  kindsWith(canary: Canary): string[] {
    return [...this.texts].filter(([, told]) => told.some(({ text }) => canary.isIn(text))).map(([kind]) => kind);
  }

  /** Where canaries are that must be nowhere. */
  leaks(canaries: Canary[]): string[] {
    const all = [...this.texts].flatMap(([kind, told]) => told.map(one => ({ kind, ...one })));
    return canaries.flatMap(canary =>
      all.filter(({ text }) => canary.isIn(text)).map(({ kind, where }) => `${canary.name} in ${kind}: ${where}`),
    );
  }
}
