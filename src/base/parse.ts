import * as v from 'valibot';

/** What a parser at a border gives: the value with its true type, or a sentence that says what is wrong with it and where. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ParseError };

/** Why something from outside was not accepted. `path` is like `kernels.0.id`, empty for the whole. */
export interface ParseError {
  readonly message: string;
  readonly path: string;
}

/** A function that turns something unknown into a value of a type, or says why not. It never throws. */
export type Parser<T> = (input: unknown) => Parsed<T>;

/** Makes a parser of a schema. Unknown keys are dropped: a newer minor version of the other side may send more. */
export function parserOf<T>(what: string, schema: v.GenericSchema<unknown, T>): Parser<T> {
  return (input) => {
    const result = v.safeParse(schema, input, { abortEarly: true });
    if (result.success) return { ok: true, value: result.output };
    const issue = result.issues[0];
    const path = v.getDotPath(issue) ?? '';
    return failed(`${what}${path === '' ? '' : ` (${path})`}: ${issue.message}`, path);
  };
}

/** A failed parse. */
export function failed(message: string, path = ''): { readonly ok: false; readonly error: ParseError } {
  return { ok: false, error: { message, path } };
}

/** A successful parse. */
export function parsed<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Parses JSON text and then its shape; both faults come back as values. */
export function parseJson<T>(text: string, parser: Parser<T>): Parsed<T> {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (error) {
    return failed(`not JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
  return parser(input);
}

/** The value, or an exception with the parser's sentence: for places where a fault can only be a bug of ours. */
export function expectParsed<T>(result: Parsed<T>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
