import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { repository } from '../repository';
import { makeSystemConfigurationSchema, systemConfigurationSchemaPath } from './system-configuration-schema';

async function main(): Promise<void> {
  await mkdir(dirname(systemConfigurationSchemaPath), { recursive: true });
  await writeFile(systemConfigurationSchemaPath, makeSystemConfigurationSchema());
  process.stdout.write(`${relative(repository, systemConfigurationSchemaPath)}\n`);
}

void main();
