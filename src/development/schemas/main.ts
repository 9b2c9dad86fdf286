import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { repository } from '../repository';
import { configurationSchemas, makeConfigurationSchema } from './configuration-schemas';

async function main(): Promise<void> {
  for (const schema of configurationSchemas) {
    await mkdir(dirname(schema.path), { recursive: true });
    await writeFile(schema.path, makeConfigurationSchema(schema));
    process.stdout.write(`${relative(repository, schema.path)}\n`);
  }
}

void main();
