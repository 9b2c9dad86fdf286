import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What curl sends. */
export interface CurlOptions {
  /** Without it curl reads only. */
  readonly file?: string;
  /** What the answer has to be. */
  readonly expected?: string;
}

/** Runs curl at a proxy on loopback, which throws away what it loads. Resolves with how many bytes it loaded. The token goes in by its standard input. */
export async function runCurl(
  port: number,
  token: string,
  path: string,
  { file, expected }: CurlOptions,
): Promise<number> {
  const sending = file === undefined ? [] : ['--upload-file', file, '--header', 'Expect:'];
  const words = ['--silent', '--show-error', '--fail', '--insecure', '--http1.1', '--config', '-'];
  const output = expected === undefined ? ['--output', '/dev/null'] : [];
  const curl = spawn(
    'curl',
    [
      ...words,
      ...sending,
      ...output,
      '--write-out',
      '\n%{size_download}',
      `https://127.0.0.1:${port}${path}`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  curl.stdin.end(`header = "Authorization: Bearer ${token}"\n`);
  let text = '';
  curl.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = (await once(curl, 'close')) as [number | null];
  const [body = '', size = ''] = text.split('\n');
  if (code !== 0 || (expected !== undefined && body !== expected))
    throw new Error(`curl ${path} ended with ${String(code)}: ${body.slice(0, 200)}`);
  return Number(size);
}
