/** Parses the command line and runs one mode. Resolves with the exit code. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  if (words[0] === 'keeper') return (await import(/* webpackMode: "eager" */ './keeper/main')).runKeeper();
  if (words[0] === 'agent') {
    const door = words.indexOf('--door');
    const doorFolder = door < 0 ? undefined : words[door + 1];
    return (await import(/* webpackMode: "eager" */ './agent/main')).runAgent({
      json: words.includes('--json'),
      isServer: words.includes('--server'),
      ...(doorFolder === undefined ? {} : { doorFolder }),
    });
  }
  process.stderr.write('remote-kernels: unknown command\n');
  return 64;
}
