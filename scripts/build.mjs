#!/usr/bin/env node
// Brings node_modules and dist/ up to date; does nothing where they are.
import { prepare } from './lib/prepare.mjs';

process.exitCode = (await prepare()) ? 0 : 1;
