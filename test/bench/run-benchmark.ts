/** Says how far a benchmark is, beside its results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** How often everything is measured. */
export const repetitions = Number(process.env['BENCH_REPETITIONS'] ?? 3);

/** Runs a benchmark as this process, which ends with it: with 1 and the reason when it fails. */
export function runBenchmark(main: () => Promise<void>): void {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exit(1);
    },
  );
}
