// The page: keeps the list fresh, plays the chosen stream, shows how it comes in.

import {playLinks, publishLinks, showLinks} from './links.js';
import {Player} from './player.js';
import {StreamList} from './streams.js';

const POLL_MS = 2000;
const FACTS_MS = 500;
// A filter helps with more streams than this.
const MANY = 8;

const element = (id) => document.getElementById(id);
const list = new StreamList();
const player = new Player(element('video'), say);
const tabs = {flv: element('tab-flv'), hls: element('tab-hls')};

let known = {streams: [], more: false};
let chosen;  // Key of the stream that is played.
let way = 'flv';

function say(text) {
  element('message').textContent = text;
  element('curtain').hidden = text === '';
}

function rate(bits) {
  if (bits === undefined) return '–';
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`;
}

// ---- The list

function setStatus(state, text) {
  const status = element('status');
  if (status.dataset.state === state && status.textContent === text) return;
  status.dataset.state = state;
  status.textContent = text;
}

function about(stream) {
  const parts = [];
  if (stream.publishing) parts.push(Object.assign(document.createElement('span'),
                                                  {className: 'live', textContent: 'Live'}));
  if (stream.bitrate !== undefined) parts.push(rate(stream.bitrate));
  parts.push(stream.watching === 1 ? '1 viewer' : `${stream.watching} viewers`);
  if (stream.vhost !== '__defaultVhost__') parts.push(stream.vhost);
  return parts.flatMap((part, index) => (index > 0 ? [' · ', part] : [part]));
}

/** The entry of a stream: the one that is there, so that the focus stays. */
function entryOf(stream) {
  for (const entry of element('streams').children) {
    if (entry.dataset.key === stream.key) return entry;
  }
  const entry = document.createElement('li');
  entry.dataset.key = stream.key;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'stream';
  button.append(document.createElement('span'), document.createElement('span'));
  button.firstChild.className = 'name';
  button.lastChild.className = 'about';
  button.firstChild.textContent = `${stream.app}/${stream.stream}`;
  button.addEventListener('click', () => choose(stream.key));
  entry.append(button);
  return entry;
}

function showStreams() {
  const {streams, more} = known;
  const filter = element('filter');
  filter.hidden = streams.length <= MANY && filter.value === '';
  const words = filter.value.trim().toLowerCase();
  const shown = streams.filter((stream) => stream.key.toLowerCase().includes(words));
  const entries = shown.map((stream) => {
    const entry = entryOf(stream);
    entry.firstChild.setAttribute('aria-current', String(stream.key === chosen));
    entry.firstChild.lastChild.replaceChildren(...about(stream));
    return entry;
  });
  const there = [...element('streams').children];
  if (entries.length !== there.length || entries.some((entry, index) => entry !== there[index])) {
    element('streams').replaceChildren(...entries);
  }
  element('count').textContent = streams.length > 0 ? `${streams.length}${more ? '+' : ''}` : '';
  element('empty').hidden = streams.length > 0;
}

function showAllLinks() {
  const stream = known.streams.find(({key}) => key === chosen);
  const copied = (text) => { element('copied').textContent = text; };
  if (stream || !chosen) {
    const links = stream ? playLinks(stream, known) : [];
    element('links-play').hidden = links.length === 0;
    showLinks(element('links-play').querySelector('dl'), links, copied);
  }
  const publish = publishLinks(stream, known);
  element('links-publish').hidden = publish.length === 0;
  showLinks(element('links-publish').querySelector('dl'), publish, copied);
}

async function refresh() {
  try {
    known = await list.load();
    setStatus('ok', 'Connected');
    showStreams();
    showAllLinks();
    if (!chosen && wanted) choose(wanted);
  } catch (error) {
    setStatus('failed', `The list cannot be loaded: ${error.message}`);
  }
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MS);
}

// ---- The player

/** What the address names: #flv or #hls, and the stream's key. */
function readAddress() {
  const [, protocol, escaped] = /^#(flv|hls)\/(.+)$/.exec(location.hash) ?? [];
  try {
    return {protocol, key: escaped && decodeURI(escaped)};
  } catch {
    return {};  // A link that was cut short in an escape.
  }
}

function choose(key) {
  const stream = known.streams.find((one) => one.key === key);
  if (!stream) return;
  chosen = key;
  element('watch-title').textContent = `${stream.app}/${stream.stream}`;
  history.replaceState(null, '', `#${way}/${encodeURI(key)}`);
  player.play(way, new URL(stream[way], location.href).href);
  showStreams();
  showAllLinks();
}

function chooseWay(next) {
  way = next;
  for (const [name, tab] of Object.entries(tabs)) {
    tab.setAttribute('aria-selected', String(name === way));
    tab.tabIndex = name === way ? 0 : -1;
  }
  element('player').setAttribute('aria-labelledby', tabs[way].id);
  if (chosen) choose(chosen);
}

function showFacts() {
  const {picture, bitrate, delay} = player.facts();
  const stream = known.streams.find(({key}) => key === chosen);
  element('fact-picture').textContent = picture ?? '–';
  element('fact-received').textContent = rate(bitrate);
  element('fact-published').textContent = rate(stream?.bitrate);
  element('fact-delay').textContent = delay === undefined ? '–' : `${delay.toFixed(1)} s`;
}

for (const [name, tab] of Object.entries(tabs)) {
  tab.addEventListener('click', () => chooseWay(name));
  tab.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const other = name === 'flv' ? 'hls' : 'flv';
    tabs[other].focus();
    chooseWay(other);
  });
}
element('filter').addEventListener('input', showStreams);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });

const {protocol, key: wanted} = readAddress();
if (protocol) chooseWay(protocol);
setInterval(showFacts, FACTS_MS);
poll();
