// The list of live streams, asked of the proxy, and how fast each one comes in.

const PAGE = 200;
const MAX_PAGES = 10;
const TIMEOUT_MS = 8000;

const keyOf = (stream) => `${stream.vhost}/${stream.app}/${stream.stream}`;

async function fetchPage(after) {
  const query = new URLSearchParams({count: PAGE, ...(after ? {after} : {})});
  const response = await fetch(`/api/v1/live-streams?${query}`, {
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the proxy answers ${response.status}`);
  return response.json();
}

/** Bits a second between two polls; of the first one, since the publisher came. */
function bitrateOf(stream, time, before) {
  if (stream.bytes_in === undefined) return undefined;
  const [bytes, since] = before && before.since === stream.since && before.time < time
    ? [stream.bytes_in - before.bytes_in, before.time]
    : [stream.bytes_in, stream.since];
  return time > since ? Math.max(0, bytes) * 8000 / (time - since) : undefined;
}

export class StreamList {
  #before = new Map();

  /** {streams, more, rtmpPort, rtmpsPort}; each stream has a key, a bitrate and a sum of viewers. */
  async load() {
    const streams = [];
    let page;
    let pages = 0;
    do {
      page = await fetchPage(page?.next);
      for (const stream of page.streams) streams.push(this.#measured(stream, page.time));
    } while (page.next && ++pages < MAX_PAGES);
    this.#before = new Map(streams.map((stream) => [stream.key, stream]));
    return {streams, more: Boolean(page.next), rtmpPort: page.rtmp_port, rtmpsPort: page.rtmps_port};
  }

  #measured(stream, time) {
    const key = keyOf(stream);
    const viewers = Object.values(stream.viewers).reduce((sum, count) => sum + count, 0);
    const bitrate = bitrateOf(stream, time, this.#before.get(key));
    return {...stream, key, time, bitrate, watching: viewers};
  }
}
