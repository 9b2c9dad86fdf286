import { writeFileSync } from 'node:fs';
import { bundlePath, localizedTexts } from './localized-texts';

// Run by hand after texts changed: node --import tsx test/unit/editor/write-localized-texts.ts
const entries = localizedTexts().map((text) => [text, text]);
writeFileSync(bundlePath, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
