#include "benches/hop.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/json.h"
#include "base/sqlite.h"

namespace cofferdam::bench {
namespace {

uint16_t PortOf(std::string_view text) {
  text.remove_prefix(text.rfind(':') + 1);  // 0 when there is none
  uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port == 0) Fail(fmt::format("no port in \"{}\"", text));
  return port;
}

sockaddr_in Local(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that was free a moment ago.
uint16_t FreePort() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Local(0);
  socklen_t size = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Fail("find a free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

bool Listens(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Local(port);
  bool connected =
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

std::string NginxBinary() {
  const char* named = std::getenv("COFFERDAM_NGINX");
  if (named != nullptr) return named;
  return "nginx";
}

constexpr std::string_view kNginxConfig = R"({user}worker_processes {workers};
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{
  worker_connections 8192;
}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  upstream double {{
    server 127.0.0.1:{upstream};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    location / {{
      proxy_pass http://double;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
)";

// Rules over repositories, people and tools, none of which is the bench's.
std::string Law() {
  std::string law = "ask = \"Ask nobody\"\n";
  for (int i = 0; i < kRules; ++i) {
    law += fmt::format(
        "[[rule]]\nname = \"r{0}\"\neffect = \"deny\"\n"
        "reason = \"a bench\"\nrepo = \"github.com/example/r{0}-*\"\n"
        "{1} = \"{2}{0}\"\n",
        i, i % 2 == 0 ? "person" : "tool",
        i % 2 == 0 ? "someone@example.com" : "tool-");
  }
  return law;
}

}  // namespace

int CoresUsable() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return CPU_COUNT(&set);
}

DoubleProcess::DoubleProcess(const std::string& folder)
    : process_({"/proc/self/exe", "--double"}, folder + "/double.log"),
      port_(PortOf(process_.first_line())) {}

NginxProcess::NginxProcess(const std::string& folder, uint16_t upstream_port,
                           int workers) {
  // nginx cannot say which port it took, so it is given one that is free; if
  // another program takes it in between, the next is tried.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (Start(fmt::format("{}/nginx.{}", folder, attempt), upstream_port,
              workers)) {
      return;
    }
  }
  Output({"cat", folder + "/nginx.4.log"});
  Fail("nginx does not start");
}

bool NginxProcess::Start(const std::string& folder, uint16_t upstream_port,
                         int workers) {
  port_ = FreePort();
  std::filesystem::create_directory(folder);
  // Root's workers would become another user, whom the folder is closed to.
  std::string user = geteuid() == 0 ? "user root;\n" : "";
  WriteFile(folder + "/nginx.conf",
            fmt::format(
                kNginxConfig, fmt::arg("user", user),
                fmt::arg("workers", workers), fmt::arg("folder", folder),
                fmt::arg("upstream", upstream_port), fmt::arg("port", port_)));
  process_ = std::make_unique<Process>(
      std::vector<std::string>{NginxBinary(), "-p", folder, "-e",
                               folder + "/error.log", "-c",
                               folder + "/nginx.conf"},
      folder + ".log", Process::Says::kNothing);
  for (int waited = 0; waited < 500; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (process_->ended()) return false;
    if (Listens(port_)) return true;
  }
  return false;
}

GateProcess::GateProcess(const std::string& folder, uint16_t upstream_port,
                         int loops, Sync sync, Governed governed)
    : folder_(folder) {
  std::filesystem::create_directory(folder);
  // The cap is there, and wide enough for ten thousand streams at once.
  WriteFile(folder + "/cofferdam.toml",
            fmt::format("[gate]\nlisten = \"127.0.0.1:0\"\n"
                        "admin = \"127.0.0.1:0\"\nthreads = {}\n"
                        "connections_max = 20000\n"
                        "[ledger]\nsync = \"{}\"\n"
                        "[budget]\nperson_month_dollars = 1000000\n"
                        "[contract.bench]\nclass = \"allow\"\n"
                        "[upstream.bench]\n"
                        "protocol = \"anthropic-messages\"\n"
                        "url = \"http://127.0.0.1:{}\"\n"
                        "contract = \"bench\"\n",
                        loops, sync == Sync::kEach ? "each" : "group",
                        upstream_port));
  if (governed == Governed::kFully) WriteFile(folder + "/policy.toml", Law());
  Command({"person", "add", "bench@example.com", "--team", "bench"});
  key_ = Command({"key", "create", "--person", "bench@example.com"});
  key_.erase(key_.find_last_not_of('\n') + 1);
  if (governed == Governed::kFully) AddPeople();
  process_ = std::make_unique<Process>(
      std::vector<std::string>{CofferdamBinary(), "serve", "--config",
                               folder + "/cofferdam.toml", "--data",
                               folder + "/data"},
      folder + "/gate.log");
  idle_bytes_ = process_->ResidentBytes();
  auto ready = JsonDocument::Parse(process_->first_line());
  if (!ready.ok()) Fail("the gate's ready line: " + process_->first_line());
  port_ = PortOf((*ready)["agents"].StringOrEmpty());
}

// Straight into the store's file, since nobody holds it yet: a hundred thousand
// commands would take an hour.
void GateProcess::AddPeople() const {
  Database::Options options;
  options.mode = Database::Mode::kReadWrite;
  auto file = Database::Open(folder_ + "/data/policy.sqlite", options);
  if (!file.ok()) Fail("people: " + file.error().message());
  const std::string numbers = fmt::format(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
      " WHERE i < {}) ",
      kPeople);
  Status added = file->Execute(
      "BEGIN;" + numbers +
      "INSERT INTO person (id, email, team, created)"
      " SELECT printf('01JD%022d', i), 'p' || i || '@example.com', 'bench', 1"
      " FROM n;" +
      numbers +
      "INSERT INTO key (id, hash, prefix, role, person, created)"
      " SELECT printf('01JE%022d', i), randomblob(32),"
      " printf('cfe_%08d', i), 'engineer', printf('01JD%022d', i), 1 FROM n;"
      "COMMIT;");
  if (!added.ok()) Fail("people: " + added.error().message());
}

std::string GateProcess::Command(std::vector<std::string> words) const {
  words.insert(words.begin(), CofferdamBinary());
  words.insert(words.end(), {"--data", folder_ + "/data", "--config",
                             folder_ + "/cofferdam.toml"});
  return Output(words, 0, folder_ + "/commands.log");
}

GateProcess::Records GateProcess::ReadRecords() const {
  std::string text = Command({"ledger", "stat", "--json"});
  auto stat = JsonDocument::Parse(text);
  if (!stat.ok()) Fail("ledger stat: " + text);
  return {(*stat)["exchanges"].Int().value_or(0),
          (*stat)["pending_exchanges"].Int().value_or(0)};
}

}  // namespace cofferdam::bench
