// Plays one stream in a video element, by HTTP-FLV (mpegts.js) or HLS (hls.js, or the browser).

/* global Hls, mpegts */

const RETRY_MS = 3000;
// Of what was received: how long a bitrate is measured.
const WINDOW_MS = 5000;

/** Received bytes, as bits a second over the last seconds. */
class Meter {
  #samples = [];

  add(bytes, now = performance.now()) {
    this.#samples.push({bytes, now});
    this.#forget(now);
  }

  bitrate(now = performance.now()) {
    this.#forget(now);
    if (this.#samples.length < 2) return undefined;
    const span = now - this.#samples[0].now;
    const bytes = this.#samples.slice(1).reduce((sum, sample) => sum + sample.bytes, 0);
    return span > 0 ? bytes * 8000 / span : undefined;
  }

  #forget(now) {
    while (this.#samples.length > 0 && now - this.#samples[0].now > WINDOW_MS) this.#samples.shift();
  }
}

/** What is said of a failure; `code` is the HTTP status, where there was an answer. */
function wordsFor(name, code, detail) {
  if (code === 404) return `There is no such stream by ${name} at its origin.`;
  if (code >= 400) return `The answer to ${name} is ${code}.`;
  return `${name} fails: ${detail}.`;
}

/** Each way of playing: start(video, url, meter, failed) returns a function that stops it. */
const WAYS = {
  flv(video, url, meter, failed) {
    if (!mpegts.isSupported()) throw new Error('This browser cannot play HTTP-FLV; try HLS.');
    const player = mpegts.createPlayer(
      {type: 'flv', isLive: true, url},
      {enableStashBuffer: false, liveBufferLatencyChasing: true, autoCleanupSourceBuffer: true});
    let last = performance.now();
    player.on(mpegts.Events.STATISTICS_INFO, ({speed = 0}) => {
      const now = performance.now();
      meter.add(speed * 1024 * (now - last) / 1000, now);
      last = now;
    });
    player.on(mpegts.Events.ERROR, (_, detail, {code, msg} = {}) => {
      failed(wordsFor('HTTP-FLV', code, msg ?? detail));
    });
    player.on(mpegts.Events.LOADING_COMPLETE, () => failed('The stream has ended.'));
    player.attachMediaElement(video);
    player.load();
    return () => player.destroy();
  },

  hls(video, url, meter, failed) {
    if (Hls.isSupported()) {
      const hls = new Hls({liveSyncDurationCount: 3, backBufferLength: 30});
      hls.on(Hls.Events.FRAG_LOADED, (_, {frag}) => meter.add(frag.stats.total));
      hls.on(Hls.Events.ERROR, (_, {fatal, details, response}) => {
        if (fatal) failed(wordsFor('HLS', response?.code, details));
      });
      hls.loadSource(url);
      hls.attachMedia(video);
      return () => hls.destroy();
    }
    if (!video.canPlayType('application/vnd.apple.mpegurl')) {
      throw new Error('This browser cannot play HLS; try HTTP-FLV.');
    }
    const broken = () => failed(wordsFor('HLS', undefined, video.error?.message));
    video.addEventListener('error', broken);
    video.src = url;
    return () => {
      video.removeEventListener('error', broken);
      video.removeAttribute('src');
      video.load();
    };
  },
};

export class Player {
  #video;
  #say;
  #meter = new Meter();
  #stop = () => {};
  #retry;

  /** say(text): what is to be shown in place of the picture; '' shows it. */
  constructor(video, say) {
    this.#video = video;
    this.#say = say;
    // The first picture is there, whether or not the browser lets it play unasked.
    video.addEventListener('loadeddata', () => say(''));
  }

  /** way: 'flv' or 'hls'. Tries again until it is stopped. */
  play(way, url) {
    this.stop();
    this.#say('Loading…');
    const failed = (why) => {
      this.stop();
      this.#say(`${why} Trying again…`);
      this.#retry = setTimeout(() => this.play(way, url), RETRY_MS);
    };
    try {
      this.#stop = WAYS[way](this.#video, url, this.#meter, failed);
    } catch (error) {
      this.#say(error.message);
      return;
    }
    // Where the browser refuses, the viewer presses play.
    this.#video.play().catch(() => {});
  }

  stop() {
    clearTimeout(this.#retry);
    this.#stop();
    this.#stop = () => {};
    this.#meter = new Meter();
  }

  /** {picture, bitrate, delay}: of what is playing now, each may be undefined. */
  facts() {
    const {videoWidth, videoHeight, seekable, buffered, currentTime, readyState} = this.#video;
    if (readyState === 0) return {};
    const ends = [seekable, buffered].filter((ranges) => ranges.length > 0)
      .map((ranges) => ranges.end(ranges.length - 1)).filter(Number.isFinite);
    return {
      picture: videoWidth > 0 ? `${videoWidth} × ${videoHeight}` : undefined,
      bitrate: this.#meter.bitrate(),
      delay: ends.length > 0 ? Math.max(0, Math.max(...ends) - currentTime) : undefined,
    };
  }
}
