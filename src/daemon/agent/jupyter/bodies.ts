import type { IncomingMessage } from 'node:http';
import { parsed, parseJson, type Parser } from '../../../base/parse';
import { WireError } from '../../../protocol/errors';
import { readBody } from '../../platform/http';

const maxBodyBytes = 1024 * 1024;

/** Reads a JSON body in the way and with the words of `jupyter_server`: nothing at all, or `null`, is no model. */
export async function readModel<T>(request: IncomingMessage, parser: Parser<T>): Promise<T | undefined> {
  const text = (await readBody(request, maxBodyBytes)).toString('utf8').trim();
  if (text === '') return undefined;
  const json = parseJson(text, (input) => parsed({ input }));
  if (!json.ok) throw new WireError('bad-request', 'Invalid JSON in body of request');
  if (json.value.input === null) return undefined;
  const model = parser(json.value.input);
  if (!model.ok) throw new WireError('bad-request', model.error.message);
  return model.value;
}

/** The same where a body must be there. */
export async function requireModel<T>(request: IncomingMessage, parser: Parser<T>): Promise<T> {
  const model = await readModel(request, parser);
  if (model === undefined) throw new WireError('bad-request', 'No JSON data provided');
  return model;
}
