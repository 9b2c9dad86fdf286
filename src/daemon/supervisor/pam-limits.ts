import type { Koffi } from '../platform/koffi';

/** Of setrlimit(2) and prctl(2) on Linux; the same numbers on x86-64 and arm64. */
const limitOfCoreFile = 4;
const limitOfData = 2;
const setDeathSignal = 1;
const setDumpable = 4;
/** fcntl(2): `F_SETFD` with `FD_CLOEXEC`. */
const setDescriptorFlags = 2;
const closeOnExec = 1;
const sigkill = 9;

/** Enough for Node and any module; a module that leaks ends its own attempt only. */
const maxDataBytes = 512 * 1024 * 1024;

/** What this process can still do to itself after {@link confineProcess}. */
export interface ConfinedProcess {
  /** Ends this process by force after that many seconds from now, whatever a module is doing then. */
  readonly endAfter: (seconds: number) => void;
}

/**
 * Keeps a process that handles a password from leaving it anywhere: no core file, no debugger of the same user, no descriptor of the conversation in
 * programs that modules start, bounded memory, and no life beyond the parent's. Throws when the system refuses one of these.
 */
export function confineProcess(koffi: Koffi, descriptor: number): ConfinedProcess {
  const system = koffi.load(null);
  const limit = koffi.struct({ soft: 'unsigned long', hard: 'unsigned long' });
  const setLimit = system.func('setrlimit', 'int', ['int', koffi.pointer(limit)]);
  const control = system.func('prctl', 'int', [
    'int',
    'unsigned long',
    'unsigned long',
    'unsigned long',
    'unsigned long',
  ]);
  const fcntl = system.func('int fcntl(int, int, ...)');
  const alarm = system.func('alarm', 'unsigned int', ['unsigned int']);
  const must = (what: string, result: unknown) => {
    if (result !== 0) throw new Error(`${what}: the system refuses it (error ${koffi.errno()})`);
  };
  must('no core file', setLimit(limitOfCoreFile, { soft: 0, hard: 0 }));
  must('no debugger', control(setDumpable, 0, 0, 0, 0));
  must('end with the parent', control(setDeathSignal, sigkill, 0, 0, 0));
  must('close the conversation', fcntl(descriptor, setDescriptorFlags, 'int', closeOnExec));
  must('a limit of memory', setLimit(limitOfData, { soft: maxDataBytes, hard: maxDataBytes }));
  return { endAfter: (seconds) => void alarm(seconds) };
}
