// A client of the Agent Client Protocol, by its official SDK, that a test
// drives: commands as JSON lines on stdin, what it sees as JSON lines on
// stdout. Every line that passes between it and the agent is kept in WIRE.
//
//   node client.mjs SDK WIRE COMMAND…      SDK: 2 or 1
//
//   {"do":"request","tag":1,"method":M,"params":P}  -> {"tag":1,"result":…}
//                                                   or {"tag":1,"error":…}
//   {"do":"notify","method":M,"params":P}
//   {"do":"abort","tag":1}       cancels that request ($/cancel_request)
//   {"do":"answer","ask":1,"result":R} or …"error":{"code":…,"message":…}
//   {"do":"close"}               ends the agent's stdin
//   {"do":"kill","signal":S}
//
// Seen: {"update":params}, {"ask":N,"method":M,"params":P},
// {"withdrawn":N}, {"exit":code,"signal":S}, {"closed":true}.
import { spawn } from "node:child_process";
import fs from "node:fs";
import readline from "node:readline";
import { Readable, Transform, Writable } from "node:stream";

const [, , version, wirePath, program, ...words] = process.argv;
const agent = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
const wire = fs.openSync(wirePath, "a");

const say = (seen) => process.stdout.write(JSON.stringify(seen) + "\n");

// Passes bytes on and keeps their lines.
function tee(from) {
  let held = "";
  return new Transform({
    transform(chunk, _, done) {
      held += chunk.toString("utf8");
      const lines = held.split("\n");
      held = lines.pop();
      for (const line of lines)
        fs.writeSync(wire, JSON.stringify({ from, line }) + "\n");
      done(null, chunk);
    },
  });
}

const toAgent = tee("client");
toAgent.pipe(agent.stdin);
agent.stdin.on("error", () => {});
const fromAgent = agent.stdout.pipe(tee("agent"));

let asks = 0;
const waiting = new Map();
function ask(method, params, signal) {
  const number = ++asks;
  say({ ask: number, method, params });
  signal?.addEventListener("abort", () => say({ withdrawn: number }));
  return new Promise((resolve, reject) =>
    waiting.set(number, { resolve, reject }));
}

async function connect() {
  const streams = [Writable.toWeb(toAgent), Readable.toWeb(fromAgent)];
  if (version === "1") {
    const acp = await import("agentclientprotocol-sdk-1");
    const connection = new acp.ClientSideConnection(() => ({
      sessionUpdate: async (params) => say({ update: params }),
      requestPermission: (params) => ask("session/request_permission", params),
    }), acp.ndJsonStream(...streams));
    const names = {
      initialize: "initialize", authenticate: "authenticate",
      "session/new": "newSession", "session/load": "loadSession",
      "session/list": "listSessions", "session/resume": "resumeSession",
      "session/close": "closeSession", "session/prompt": "prompt",
      "session/fork": "unstable_forkSession", "session/delete": "deleteSession",
      "session/cancel": "cancel", "session/set_mode": "setSessionMode",
      "session/set_config_option": "setSessionConfigOption",
    };
    return {
      error: acp.RequestError,
      closed: connection.closed,
      request: (method, params) => connection[names[method]](params),
      notify: (method, params) => connection[names[method]](params),
    };
  }
  const acp = await import("@agentclientprotocol/sdk");
  const connection = acp.client({ name: "cofferdam-e2e" })
    .onRequest("session/request_permission", (context) =>
      ask("session/request_permission", context.params, context.signal))
    .onNotification("session/update", (context) =>
      say({ update: context.params }))
    .connect(acp.ndJsonStream(...streams));
  return {
    error: acp.RequestError,
    closed: connection.closed,
    request: (method, params, signal) => connection.agent.request(
      method, params, { cancellationSignal: signal }),
    notify: (method, params) => connection.agent.notify(method, params),
  };
}

const connection = await connect();
connection.closed.then(() => say({ closed: true }));
agent.on("exit", (code, signal) => say({ exit: code, signal }));

const requests = new Map();
const commands = {
  request({ tag, method, params }) {
    const abort = new AbortController();
    requests.set(tag, abort);
    connection.request(method, params, abort.signal).then(
      (result) => say({ tag, result }),
      (error) => say({
        tag, error: { code: error.code, message: error.message ?? `${error}` },
      }));
  },
  notify: ({ method, params }) => connection.notify(method, params),
  abort: ({ tag }) => requests.get(tag).abort(),
  answer({ ask: number, result, error }) {
    const { resolve, reject } = waiting.get(number);
    if (error) reject(new connection.error(error.code, error.message));
    else resolve(result);
  },
  close: () => toAgent.end(),
  kill: ({ signal }) => agent.kill(signal),
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
}
process.exit(0);
