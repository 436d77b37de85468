import { startApp } from '../../src/app.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { config } from './settings.ts';

/** A process of its own, to be killed: LISTEN REGISTRAR SECRET-FILE TRANSPORT. Says `up` when it is. */
const [listenOn, registrarAt, secretFile, transport] = process.argv.slice(2) as [
  string,
  string,
  string,
  'auto',
];
const http = endpointFrom('127.77.50.4')!;
await startApp(config({ listenOn, registrarAt, secretFile, transport, http, logLevel: 'warn' }), {
  version: '0',
  processMetrics: 'omit',
});
process.stdout.write('up\n');
