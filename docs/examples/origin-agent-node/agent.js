#!/usr/bin/env node
// Keeps one origin registered with srsproxy while it runs, and tells it the machine's load.
//
// Take it as the start of your own: what is special to an origin is what it registers, what it
// reports, and what it does when an operator drains it. README.md says how to run it.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {setTimeout: sleep} = require('node:timers/promises');
const {parseArgs} = require('node:util');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const ANSWER_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const KEEPALIVE = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
};
const PROTO = process.env.PROTO || path.join(__dirname, '../../../proto');

const say = (text) => console.log(text);
const milliseconds = (duration) =>
  duration ? duration.seconds * 1000 + duration.nanos / 1e6 : 0;

// How busy this machine is: the CPU used since the last call, and the memory used now.
class Machine {
  #ticks = this.#read();

  load() {
    const before = this.#ticks;
    this.#ticks = this.#read();
    const all = this.#ticks.all - before.all;
    const busy = this.#ticks.busy - before.busy;
    return {cpuRatio: all > 0 ? Math.min(1, busy / all) : 0,
            memoryRatio: 1 - os.freemem() / os.totalmem()};
  }

  #read() {
    const times = os.cpus().map((cpu) => cpu.times);
    const all = times.flatMap((time) => Object.values(time)).reduce((a, b) => a + b, 0);
    return {all, busy: all - times.reduce((sum, time) => sum + time.idle, 0)};
  }
}

class Agent {
  #machine = new Machine();
  #leaseId = '';
  #sequence = 0;  // Never goes back: a lease may outlive a connection.
  #failures = 0;
  #draining = false;

  constructor(stub, registration, token) {
    this.stub = stub;
    this.registration = registration;
    this.metadata = new grpc.Metadata();
    if (token) this.metadata.set('authorization', `Bearer ${token}`);
  }

  async keepRegistered(signal) {
    while (!signal.aborted) {
      let delay;
      try {
        await this.#register();
        if (signal.aborted) return;
        delay = await this.#sendHeartbeats(signal);
      } catch (error) {
        if (signal.aborted) return;
        const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
        delay = longest * (1 + Math.random()) / 2;  // Not all agents at once.
        say(`failed: ${error.message}; again in ${(delay / 1000).toFixed(1)} s`);
      }
      await sleep(delay, undefined, {signal}).catch(() => {});
    }
  }

  async leave() {
    if (!this.#leaseId) return;
    const answer = await this.#unary('DeregisterOrigin', {leaseId: this.#leaseId});
    say(`left: ${answer.originId}`);
  }

  #unary(method, request) {
    return new Promise((resolve, reject) => {
      const options = {deadline: Date.now() + ANSWER_MS};
      this.stub[method](request, this.metadata, options,
                        (error, answer) => error ? reject(error) : resolve(answer));
    });
  }

  async #register() {
    const answer = await this.#unary('RegisterOrigin', {registration: this.registration});
    this.#leaseId = answer.leaseId;  // A secret: not for the log.
    say(`registered: ${answer.origin.id}`);
  }

  // Resolves to the delay after which to register again; rejects when the stream ends.
  #sendHeartbeats(signal) {
    return new Promise((resolve, reject) => {
      const call = this.stub.HeartbeatStream(this.metadata);
      let timer;
      const finish = (settle, value) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        call.cancel();
        settle(value);
      };
      const stop = () => finish(resolve, 0);
      const beat = () => {
        call.write({heartbeat: {leaseId: this.#leaseId, load: this.#machine.load(),
                                sequence: ++this.#sequence}});
        timer = setTimeout(() => finish(reject, new Error('no answer to a heartbeat')), ANSWER_MS);
      };
      call.on('data', ({heartbeat}) => {
        clearTimeout(timer);
        this.#failures = 0;
        const asked = (kind) => heartbeat.directives.find((one) => one.kind === kind);
        const again = asked('DIRECTIVE_KIND_REREGISTER');
        if (again) {
          say(`to register again: ${again.message}`);
          finish(resolve, milliseconds(again.delay));
          return;
        }
        this.#drain(Boolean(asked('DIRECTIVE_KIND_DRAIN')));
        timer = setTimeout(beat, milliseconds(heartbeat.heartbeatInterval));
      });
      call.on('error', (error) => finish(reject, error));
      call.on('end', () => finish(reject, new Error('the proxy ended the stream')));
      signal.addEventListener('abort', stop);
      beat();
    });
  }

  // Here an origin would end, or take up again, what it does by itself: ingests, forwards.
  #drain(wanted) {
    if (wanted === this.#draining) return;
    this.#draining = wanted;
    say(wanted ? 'drained by an operator' : 'no longer drained');
  }
}

function credentials({ca, key, cert}) {
  const read = (file) => file ? fs.readFileSync(file) : null;
  return ca ? grpc.credentials.createSsl(read(ca), read(key), read(cert))
            : grpc.credentials.createInsecure();
}

async function main() {
  const text = {type: 'string'};
  const list = {type: 'string', multiple: true, default: []};
  const {values: options} = parseArgs({options: {
    proxy: {type: 'string', default: '127.0.0.1:12026'}, ip: text, server: text,
    pid: {type: 'string', default: String(process.pid)},
    rtmp: list, http: list, api: list, srt: list, rtc: list, ca: text, key: text, cert: text}});
  if (!options.ip || !options.server) throw new Error('--ip and --server are needed');
  const {rtmp, http, api, srt, rtc, ip, server, pid} = options;
  const service = crypto.randomBytes(4).toString('hex');

  const loaded = protoLoader.loadSync('srsproxy/v1/origin_service.proto',
                                      {includeDirs: [PROTO], enums: String, longs: Number, defaults: true});
  const {OriginService} = grpc.loadPackageDefinition(loaded).srsproxy.v1;
  const stub = new OriginService(options.proxy, credentials(options), KEEPALIVE);
  const agent = new Agent(stub, {ip, server, service, pid, rtmp, http, api, srt, rtc},
                          process.env.SRSPROXY_TOKEN);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => stop.abort());
  await agent.keepRegistered(stop.signal);
  await agent.leave();
  stub.close();
}

main().catch((error) => {
  console.error(`Error: ${error.message}`);
  process.exitCode = 1;
});
