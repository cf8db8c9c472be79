// receive_ws.js URL BYTES: writes the first BYTES that a WebSocket sends to standard output.
'use strict';

const WebSocket = require('ws');

const [url, wanted] = process.argv.slice(2);
let left = Number(wanted);
const socket = new WebSocket(url);
socket.on('message', (message) => {
  if (left <= 0) return;
  const part = message.subarray(0, left);
  left -= part.length;
  process.stdout.write(part, () => {
    if (left <= 0) process.exit(0);
  });
});
socket.on('close', () => process.exit(left > 0 ? 1 : 0));
socket.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
