/**
 * Variables by which somebody else's code gets into a process before its first line: libraries of the dynamic linker (ld.so(8)), options of
 * Node, and the configuration of OpenSSL, which can name modules to load.
 */
const steering = /^(?:LD_.*|NODE_.*|OPENSSL_CONF|OPENSSL_MODULES)$/;
/** Says nothing to Node itself. */
const harmless = new Set(['NODE_ENV']);

/** The names of variables that have steered this process already, so that removing them now would come too late. */
export function findSteeringVariables(variables: NodeJS.ProcessEnv): readonly string[] {
  return Object.keys(variables)
    .filter((name) => steering.test(name) && !harmless.has(name))
    .sort();
}

/** What programs started by root are given of an environment, whatever else is in it. */
export function scrubEnvironment(variables: NodeJS.ProcessEnv): Record<string, string> {
  const { LANG } = variables;
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(LANG === undefined ? {} : { LANG }),
  };
}
