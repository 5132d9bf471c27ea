// npm run profile -- OPTIONS: a guest run under clinic's flame, with the options of `transvisor run`. Frames of
// translated code have the names of guest functions. Clinic is none of our dependencies: npx fetches it on first use.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../src/cli/host.ts';
import { UserError } from '../src/lib/errors.ts';

const CLINIC = 'clinic@13.0.0';
/** Where clinic puts what it collects, and the page with the flame graph. */
const DESTINATION = '.clinic';
const HELP = `npm run profile -- [options of transvisor run]
  Runs a guest under clinic flame and writes a flame graph, ${DESTINATION}/PID.clinic-flame.html. Ctrl-C ends the guest.
  Clinic is fetched by npx on first use. Without clinic: node --cpu-prof src/cli/main.ts run ..., and open the
  .cpuprofile in the developer tools of Chromium.`;

/** Runs it; its exit status. */
function profile(options: readonly string[]): Promise<number> {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const guest = [...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning', main, 'run', ...options];
  const flame = [CLINIC, 'flame', '--open=false', '--dest', DESTINATION, '--', process.execPath, ...guest];
  // It neither asks nor tells anybody anything.
  const env = { ...process.env, NO_INSIGHT: '1', NO_UPDATE_NOTIFIER: '1' };
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['--yes', ...flame], { stdio: 'inherit', env });
    child.once('error', () => reject(new UserError('npx cannot be started; it comes with Node')));
    // The terminal sends it to all of them: clinic draws its graph afterwards.
    process.on('SIGINT', () => {});
    child.once('close', (status) => resolve(status ?? 1));
  });
}

const options = process.argv.slice(2);
if (options[0] === '--help') console.log(HELP);
else {
  try {
    process.exitCode = await profile(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`profile: ${error.message}`);
    process.exitCode = 1;
  }
}
