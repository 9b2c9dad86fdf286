import manifest from '../../../package.json';

/** The version of this program, as in `package.json`. */
export const productVersion: string = manifest.version;
