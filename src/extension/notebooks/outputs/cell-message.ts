import type { KernelMessage } from '@jupyterlab/services';

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** What a kernel displays: one thing in several forms, by MIME type. */
export interface MimeBundle {
  readonly data: JsonObject;
  readonly metadata: JsonObject;
}

/** What a front end should do after a request, as a reply's `payload` asks. */
export type ReplyPayload =
  | { readonly kind: 'set-next-input'; readonly text: string; readonly isReplacing: boolean }
  | { readonly kind: 'page'; readonly data: JsonObject };

/** A message of a kernel about one request, with everything in it checked. */
export type CellMessage =
  | { readonly kind: 'status'; readonly state: string }
  | { readonly kind: 'execute-input'; readonly executionCount: number | undefined }
  | { readonly kind: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'display'; readonly bundle: MimeBundle; readonly displayId: string | undefined }
  | {
      readonly kind: 'result';
      readonly bundle: MimeBundle;
      readonly displayId: string | undefined;
      readonly executionCount: number | undefined;
    }
  | { readonly kind: 'update-display'; readonly bundle: MimeBundle; readonly displayId: string }
  | { readonly kind: 'clear-output'; readonly isWaiting: boolean }
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly value: string;
      readonly traceback: readonly string[];
    }
  | {
      readonly kind: 'reply';
      readonly status: 'ok' | 'error' | 'aborted';
      readonly executionCount: number | undefined;
      readonly payloads: readonly ReplyPayload[];
      /** The error's name, such as `KeyboardInterrupt`. */
      readonly errorName: string | undefined;
      readonly errorValue: string | undefined;
    }
  | { readonly kind: 'input-request'; readonly prompt: string; readonly isPassword: boolean }
  /** Comm messages and whatever this version does not know: never an error, other clients may understand them. */
  | { readonly kind: 'ignored' };

const ignored: CellMessage = { kind: 'ignored' };

/** Reads what matters of a kernel's message. What is not as the protocol says is ignored or read as empty; nothing throws. */
export function readCellMessage(
  message: Pick<KernelMessage.IMessage, 'header' | 'channel'> & { readonly content: unknown },
): CellMessage {
  const content = toObject(message.content);
  switch (message.header.msg_type as string) {
    case 'status':
      return { kind: 'status', state: toText(content['execution_state']) };
    case 'execute_input':
      return { kind: 'execute-input', executionCount: toCount(content['execution_count']) };
    case 'stream':
      return {
        kind: 'stream',
        name: content['name'] === 'stderr' ? 'stderr' : 'stdout',
        text: toText(content['text']),
      };
    case 'display_data':
      return { kind: 'display', bundle: toBundle(content), displayId: toDisplayId(content) };
    case 'execute_result':
      return {
        kind: 'result',
        bundle: toBundle(content),
        displayId: toDisplayId(content),
        executionCount: toCount(content['execution_count']),
      };
    case 'update_display_data': {
      const displayId = toDisplayId(content);
      return displayId === undefined
        ? ignored
        : { kind: 'update-display', bundle: toBundle(content), displayId };
    }
    case 'clear_output':
      return { kind: 'clear-output', isWaiting: content['wait'] === true };
    case 'error':
      return {
        kind: 'error',
        name: toText(content['ename']),
        value: toText(content['evalue']),
        traceback: toList(content['traceback']).map(toText),
      };
    case 'execute_reply':
      return toReply(content);
    case 'input_request':
      return {
        kind: 'input-request',
        prompt: toText(content['prompt']),
        isPassword: content['password'] === true,
      };
    default:
      return ignored;
  }
}

function toReply(content: JsonObject): CellMessage {
  const state = content['status'];
  return {
    kind: 'reply',
    // `abort` is how ipykernel before 6 spelled it.
    status: state === 'ok' || state === 'error' ? state : 'aborted',
    executionCount: toCount(content['execution_count']),
    payloads: toList(content['payload']).flatMap(toPayload),
    errorName: typeof content['ename'] === 'string' ? content['ename'] : undefined,
    errorValue: typeof content['evalue'] === 'string' ? content['evalue'] : undefined,
  };
}

function toPayload(value: JsonValue): ReplyPayload[] {
  const payload = toObject(value);
  switch (payload['source']) {
    case 'set_next_input':
      return [
        { kind: 'set-next-input', text: toText(payload['text']), isReplacing: payload['replace'] === true },
      ];
    case 'page': {
      const data = toObject(payload['data']);
      // Kernels of older protocols send the text alone.
      return [
        {
          kind: 'page',
          data: Object.keys(data).length > 0 ? data : { 'text/plain': toText(payload['text']) },
        },
      ];
    }
    default:
      return [];
  }
}

function toBundle(content: JsonObject): MimeBundle {
  return { data: toObject(content['data']), metadata: toObject(content['metadata']) };
}

function toDisplayId(content: JsonObject): string | undefined {
  const id = toObject(content['transient'])['display_id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** The value if it is an object of JSON, otherwise an empty one. */
export function toObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function toList(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

/** Text as the notebook format writes it: a string, or a list of lines to be joined. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(toText).join('');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
