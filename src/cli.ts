#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { tuneEngine } from './platform/engine.ts';

/**
 * The `caducee` program: keeps what is compiled, then reads the command line. Nothing more is imported here, because what is
 * imported before the cache is there is stripped of its types and compiled at each start.
 */

tuneEngine();
const root = dirname(import.meta.dirname);
// The folder is our own: a cache that other users of the machine can write would be a way in. Where it cannot be written,
// nothing is kept.
enableCompileCache(join(root, '.cache', 'compile'));
const { runProgram } = await import('./command-line.ts');
await runProgram(root);
