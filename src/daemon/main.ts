/** Without anything beside it: the process that asks PAM. One is started for each attempt at signing in, so it reads nothing else of this program. */
const isPamChild = process.argv.length === 3 && process.argv[2] === 'pam';
/** The process that is to have the network, as the supervisor starts it: before it reads anything else of this program it gives up to be root. */
const isFrontDoorOfRoot = process.argv[2] === 'front-door' && process.argv[3] === '--as';

async function run(): Promise<number> {
  if (isPamChild) return (await import(/* webpackMode: "eager" */ './supervisor/pam-child')).runPamChild();
  if (isFrontDoorOfRoot) {
    const { runAsUser } = await import(/* webpackMode: "eager" */ './platform/become-user');
    const refusal = runAsUser(process.argv[4] ?? '');
    if (refusal !== undefined) return refusal;
  }
  const { runCommandLine } = await import(/* webpackChunkName: "daemon-program" */ './cli');
  return runCommandLine(process.argv.slice(2), __filename);
}

void run().then((exitCode) => {
  process.exitCode = exitCode;
});
