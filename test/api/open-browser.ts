import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium of this machine; undefined where there is none (`apt-get install chromium` brings it). */
export const chromiumPath = [process.env['MURMURATION_CHROMIUM'], ...places].find(
  (path) => path !== undefined && existsSync(path),
);

/** A browser without a window, whose microphone plays a WAV file once. */
export function openBrowser(microphone: string): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      // Root, as in a container, has no sandbox
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}%noloop`,
    ],
  });
}
