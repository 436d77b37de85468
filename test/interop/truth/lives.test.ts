import { describe } from 'node:test';
import { needs } from '../support/needs.ts';
import { asteriskLives } from './asterisk-life.ts';
import { kamailioLives } from './kamailio-life.ts';

/*
 * Two minutes of mixed life in front of each registrar, or as long as LIFE_SEC says; all at the same time, because
 * phones mostly wait.
 */
describe('Rollcall tells the truth about lives', { concurrency: 2 }, () => {
  kamailioLives(needs('kamailio', 'sipp'));
  asteriskLives(needs('asterisk16', 'asterisk22'));
});
