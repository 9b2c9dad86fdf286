import { isFault, type FileFacts, type Fault, type Files, type FolderEntry } from './files';

/** Something that was looked at on the disk, and what it said: while it says the same, what was concluded from it holds. */
export interface Dependency {
  readonly how: 'stat' | 'lstat' | 'realpath';
  readonly path: string;
  readonly answer: string;
  readonly isFolder: boolean;
}

/** A folder that changed this recently may change again without a difference in its times, so it is looked at again next time. */
const unsettledMs = 50;

/** What no answer ever equals. */
const unsettled = 'unsettled';

/** Passes on to other files and remembers what was asked, so that the conclusion can be kept until one of the answers changes. */
export class TracedFiles implements Files {
  private readonly known = new Map<string, Dependency>();

  constructor(
    private readonly files: Files,
    private readonly now: () => number = Date.now,
  ) {}

  /** What was looked at so far. */
  get dependencies(): readonly Dependency[] {
    return [...this.known.values()];
  }

  stat(path: string): Promise<FileFacts | Fault> {
    return this.note('stat', path);
  }

  lstat(path: string): Promise<FileFacts | Fault> {
    return this.note('lstat', path);
  }

  async list(path: string): Promise<readonly FolderEntry[] | Fault> {
    const facts = await this.note('stat', path);
    return isFault(facts) ? facts : this.files.list(path);
  }

  async read(path: string, maxBytes: number): Promise<Buffer | Fault> {
    const facts = await this.note('stat', path);
    return isFault(facts) ? facts : this.files.read(path, maxBytes);
  }

  async realpath(path: string): Promise<string | Fault> {
    const answer = await this.files.realpath(path);
    this.add({ how: 'realpath', path, answer: toAnswer(answer), isFolder: false });
    return answer;
  }

  async readlink(path: string): Promise<string | Fault> {
    await this.note('lstat', path);
    return this.files.readlink(path);
  }

  async canWrite(path: string): Promise<boolean> {
    return !isFault(await this.note('stat', path)) && this.files.canWrite(path);
  }

  async canExecute(path: string): Promise<boolean> {
    return !isFault(await this.note('stat', path)) && this.files.canExecute(path);
  }

  /** Asks before the content is read, so that a change in between makes the conclusion stale rather than wrong. */
  private async note(how: 'stat' | 'lstat', path: string): Promise<FileFacts | Fault> {
    const facts = await this.files[how](path);
    const isUnsettled = !isFault(facts) && Math.abs(this.now() - facts.changedAtMs) < unsettledMs;
    const answer = isUnsettled ? unsettled : toAnswer(facts);
    this.add({ how, path, answer, isFolder: !isFault(facts) && facts.type === 'folder' });
    return facts;
  }

  private add(dependency: Dependency): void {
    const key = `${dependency.how} ${dependency.path}`;
    if (!this.known.has(key)) this.known.set(key, dependency);
  }
}

/** Whether everything that was looked at still says the same. */
export async function areCurrent(files: Files, dependencies: readonly Dependency[]): Promise<boolean> {
  if (dependencies.some((dependency) => dependency.answer === unsettled)) return false;
  const answers = await Promise.all(
    dependencies.map(async ({ how, path, answer }) => toAnswer(await files[how](path)) === answer),
  );
  return answers.every(Boolean);
}

function toAnswer(found: FileFacts | string | Fault): string {
  if (typeof found === 'string') return found;
  return isFault(found) ? `no: ${found.code}` : found.stamp;
}
