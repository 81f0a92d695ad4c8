import { readFileSync } from 'node:fs';
import { glob } from './source-files.ts';
