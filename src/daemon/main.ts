/** Without anything beside it: the process that asks PAM. One is started for each attempt at signing in, so it reads nothing else of this program. */
const isPamChild = process.argv.length === 3 && process.argv[2] === 'pam';

async function run(): Promise<number> {
  if (isPamChild) return (await import(/* webpackMode: "eager" */ './supervisor/pam-child')).runPamChild();
  const { runCommandLine } = await import(/* webpackChunkName: "daemon-program" */ './cli');
  return runCommandLine(process.argv.slice(2), __filename);
}

void run().then((exitCode) => {
  process.exitCode = exitCode;
});
