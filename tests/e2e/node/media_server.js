// media_server.js RTMP_PORT HTTP_PORT: node-media-server as an origin.
'use strict';

const NodeMediaServer = require('node-media-server');

const [rtmp, http] = process.argv.slice(2).map(Number);
new NodeMediaServer({
  bind: '127.0.0.1',
  auth: {play: false, publish: false},
  notify: {url: ''},
  record: {path: ''},
  rtmp: {port: rtmp},
  http: {port: http},
}).run();
