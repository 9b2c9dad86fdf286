import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  editorLanguageOf,
  languageMismatch,
  notebookLanguage,
  withKernelLanguage,
} from '../../../src/extension/notebooks/notebook-metadata';

const languageInfo = { name: 'python', version: '3.11.7', file_extension: '.py' };
const python3 = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };

describe('what a notebook’s file says of its kernel', () => {
  test('is python3 for every Python environment, with the kernel’s language_info', () => {
    assert.deepEqual(withKernelLanguage({ nbformat: 4 }, { language: 'python', languageInfo }), {
      nbformat: 4,
      metadata: { kernelspec: python3, language_info: languageInfo },
    });
  });

  test('is the kernelspec’s own name for another language', () => {
    const kernel = { language: 'R', kernelspec: { name: 'ir', displayName: 'R' } };
    assert.deepEqual(withKernelLanguage({}, kernel), {
      metadata: { kernelspec: { name: 'ir', display_name: 'R', language: 'R' } },
    });
  });

  test('is not written again when it is the same, in whatever order', () => {
    const { name, version, file_extension } = languageInfo;
    const before = {
      metadata: { kernelspec: python3, language_info: { version, file_extension, name }, extra: 1 },
    };
    assert.equal(withKernelLanguage(before, { language: 'python', languageInfo }), undefined);
  });

  test('leaves a kernelspec of the same language that somebody else chose, and what it does not know', () => {
    const kernelspec = { name: 'my-env', display_name: 'Mine', language: 'python' };
    const after = withKernelLanguage(
      { metadata: { kernelspec, authors: ['a'] }, nbformat: 4 },
      { language: 'python', languageInfo },
    );
    assert.deepEqual(after, {
      metadata: { kernelspec, authors: ['a'], language_info: languageInfo },
      nbformat: 4,
    });
  });

  test('never holds anything of ours', () => {
    const text = JSON.stringify(withKernelLanguage({}, { language: 'python', languageInfo }));
    assert.ok(!/remote|host|environment|prefix/i.test(text), text);
  });

  for (const [what, metadata, expected] of [
    ['a kernelspec', { metadata: { kernelspec: { language: 'julia' } } }, 'julia'],
    ['language_info', { metadata: { language_info: { name: 'R' } } }, 'R'],
    ['nothing', {}, undefined],
    ['nonsense', { metadata: { kernelspec: 5, language_info: [] } }, undefined],
    ['no metadata at all', undefined, undefined],
  ] as const) {
    test(`names the notebook’s language by ${what}`, () => {
      assert.equal(notebookLanguage(metadata), expected);
    });
  }
});

describe('a notebook in another language than its kernel', () => {
  const kernel = { language: 'python', environmentName: 'analysis', hostName: 'lab-7' };

  test('is told in a sentence', () => {
    assert.equal(
      languageMismatch({ metadata: { kernelspec: { language: 'brainfuck' } } }, kernel),
      'This notebook is written in brainfuck, and analysis on lab-7 runs python.',
    );
  });

  for (const metadata of [
    {},
    { metadata: { kernelspec: { language: 'Python' } } },
    { metadata: { language_info: { name: 'ipython' } } },
  ]) {
    test(`is not seen in ${JSON.stringify(metadata)}`, () => {
      assert.equal(languageMismatch(metadata, kernel), undefined);
    });
  }

  test('has cells in the editor’s name of the language', () => {
    assert.deepEqual(['python', 'R', 'bash', 'C++', 'apl'].map(editorLanguageOf), [
      'python',
      'r',
      'shellscript',
      'cpp',
      undefined,
    ]);
  });
});
