// browse.js CHROMIUM SCENARIO URL ARGUMENT...: opens the page in a headless browser, does what
// the scenario says, and writes what it saw to standard output, as JSON. It waits for what the page
// shows; the test that started it has the deadline.
'use strict';

const {chromium} = require('playwright-core');

const TIMEOUT_MS = 60000;

const textOf = (page, selector) => page.locator(selector).innerText();

async function until(what, condition) {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${TIMEOUT_MS} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const scenarios = {
  /** Chooses a stream and plays it by HTTP-FLV or HLS until three seconds have been shown. */
  async play(page, name, way) {
    const entry = page.locator('.stream', {hasText: name});
    await entry.waitFor();
    await page.locator(`#tab-${way}`).click();
    await entry.click();
    const time = () => page.locator('#video').evaluate((video) => video.currentTime);
    await until('the video plays', async () => await time() > 0);
    const before = await time();
    const first = await page.locator('#video').screenshot();
    await until('three seconds of video', async () => await time() > before + 3);
    const second = await page.locator('#video').screenshot();
    await until('the bitrate is told', async () => /bit\/s/.test(await textOf(page, '.facts')));
    return {
      advanced: await time() - before,
      pictureMoves: !first.equals(second),
      curtain: await page.locator('#curtain').isVisible(),
      entry: await entry.innerText(),
      facts: await textOf(page, '.facts'),
      selected: await page.locator('[role=tab][aria-selected=true]').innerText(),
      links: await textOf(page, '#links-play'),
      publish: await textOf(page, '#links-publish'),
      address: new URL(page.url()).hash,
    };
  },

  /** Plays by HLS, and says so; after SIGUSR1 it plays another ten seconds, if it can. */
  async endure(page, name) {
    await page.locator('#tab-hls').click();
    await page.locator('.stream', {hasText: name}).click();
    const time = () => page.locator('#video').evaluate((video) => video.currentTime);
    await until('the video plays', async () => await time() > 0);
    const moved = new Promise((done) => process.once('SIGUSR1', done));
    console.error('playing');
    await moved;
    // Whatever the player says from here on covers the picture.
    await page.evaluate(() => {
      window.curtains = 0;
      new MutationObserver(() => { window.curtains += 1; })
        .observe(document.getElementById('curtain'), {attributes: true});
    });
    const before = await time();
    await until('ten seconds more', async () => await time() > before + 10);
    return {curtains: await page.evaluate(() => window.curtains)};
  },

  /** Chooses a stream that cannot be played, and waits for what the player says instead. */
  async refused(page, name, way, words) {
    await page.locator(`#tab-${way}`).click();
    await page.locator('.stream', {hasText: name}).click();
    await page.locator('#message', {hasText: words}).waitFor();
    return {message: await textOf(page, '#message')};
  },

  /** What is shown once the status says so. */
  async look(page, state) {
    await page.locator(`#status[data-state=${state}]`).waitFor();
    return {
      status: await textOf(page, '#status'),
      empty: await page.locator('#empty').isVisible(),
      publish: await textOf(page, '#links-publish'),
      streams: await page.locator('.stream').allInnerTexts(),
    };
  },

  /** The list follows the streams without a reload: waits for one to come, tells when it is gone. */
  async follow(page, name) {
    await page.locator('.stream', {hasText: name}).waitFor({timeout: TIMEOUT_MS});
    console.error('listed');
    await page.locator('#empty').waitFor({timeout: TIMEOUT_MS});
    return {streams: await page.locator('.stream').count()};
  },

  /** Copies the first link by keyboard. */
  async copy(page) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('#status[data-state=ok]').waitFor();
    const button = page.locator('#links-publish button').first();
    await button.focus();
    await page.keyboard.press('Enter');
    await until('the copy is told', async () => /Copied/.test(await textOf(page, '#copied')));
    return {copied: await page.evaluate(() => navigator.clipboard.readText())};
  },

  /** Whether everything is reached on a small screen, without scrolling sideways. */
  async small(page) {
    await page.setViewportSize({width: 360, height: 640});
    await page.locator('#status[data-state=ok]').waitFor();
    return page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      unnamed: [...document.querySelectorAll('button, input, video')]
        .filter((one) => !one.textContent.trim() && !one.getAttribute('aria-label')).length,
    }));
  },
};

async function main([executablePath, scenario, url, ...rest]) {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(url);
    const saw = await scenarios[scenario](page, ...rest);
    process.stdout.write(JSON.stringify({...saw, complaints}));
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
