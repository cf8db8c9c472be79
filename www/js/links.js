// Addresses and commands to copy, for players and encoders outside of the browser.

const authority = (port, usual) => {
  const host = location.hostname;
  return port === usual ? host : `${host}:${port}`;
};

/** The RTMP address that clients use, without a path; undefined when it is closed. */
function rtmpBase({rtmpPort, rtmpsPort}) {
  if (rtmpPort) return `rtmp://${authority(rtmpPort, 1935)}`;
  if (rtmpsPort) return `rtmps://${authority(rtmpsPort, 443)}`;
  return undefined;
}

/** For a POSIX shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export function playLinks(stream, ports) {
  const flv = new URL(stream.flv, location.href).href;
  const hls = new URL(stream.hls, location.href).href;
  const base = rtmpBase(ports);
  return [
    ['HTTP-FLV', flv],
    ['HLS', hls],
    ...(base ? [['RTMP, as for VLC', base + stream.rtmp]] : []),
    ['ffplay', `ffplay -fflags nobuffer ${quoted(flv)}`],
    ['ffmpeg, record', `ffmpeg -i ${quoted(flv)} -c copy recording.mkv`],
  ];
}

/** Where the chosen stream, or a first one, is published. */
export function publishLinks(stream, ports) {
  const base = rtmpBase(ports);
  if (!base) return [];
  const path = stream ? stream.rtmp : '/live/livestream';
  const [plain, query] = path.split('?');
  const cut = plain.lastIndexOf('/');
  const key = plain.slice(cut + 1) + (query ? `?${query}` : '');
  return [
    ['OBS: server', base + plain.slice(0, cut)],
    ['OBS: stream key', key],
    ['ffmpeg', `ffmpeg -re -i video.mp4 -c:v libx264 -c:a aac -f flv ${quoted(base + path)}`],
  ];
}

/** Fills a <dl>; what has not changed stays, so that a selection is not lost. */
export function showLinks(list, links, copied) {
  const wanted = JSON.stringify(links);
  if (list.dataset.shows === wanted) return;
  list.dataset.shows = wanted;
  list.replaceChildren(...links.map(([name, text]) => {
    const row = document.createElement('div');
    const term = document.createElement('dt');
    const details = document.createElement('dd');
    const code = document.createElement('code');
    const button = document.createElement('button');
    term.textContent = name;
    code.textContent = text;
    button.type = 'button';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', `Copy ${name}`);
    button.addEventListener('click', async () => {
      button.textContent = await copy(text, code) ? 'Copied' : 'Press Ctrl+C';
      copied(`${name}: ${button.textContent}`);
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    details.append(code, button);
    row.append(term, details);
    return row;
  }));
}

/** False: the browser allows it only over HTTPS; the text is selected instead. */
async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand('copy');
  }
}
