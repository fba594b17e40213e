#include <utility>

#include "cli/config_internal.h"

namespace cofferdam::cli {
namespace {

constexpr int64_t kTimeoutMaxMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kBytesMax = int64_t{1} << 50;

struct LimitRow {
  std::string_view key;
  int64_t gate::GateLimits::* value;
  int64_t min;
  int64_t max;
  std::string_view help;
};

using L = gate::GateLimits;
constexpr LimitRow kGateLimits[] = {
    {"request_body_bytes_max", &L::request_body_bytes_max, 1024, kBytesMax,
     "bytes of one request body, decoded"},
    {"request_header_bytes_max", &L::request_header_bytes_max, 1024, 1 << 20,
     "bytes of a request's line and headers"},
    {"connections_max", &L::connections_max, 1, 1'000'000,
     "clients connected at once"},
    {"request_read_timeout_ms", &L::request_read_timeout_ms, 1, kTimeoutMaxMs,
     "ms to read one request"},
    {"keep_alive_timeout_ms", &L::keep_alive_timeout_ms, 1, kTimeoutMaxMs,
     "ms that an idle connection stays open"},
    {"write_timeout_ms", &L::write_timeout_ms, 1, kTimeoutMaxMs,
     "ms without progress while a client takes its answer"},
    {"upstream_connect_timeout_ms", &L::upstream_connect_timeout_ms, 1,
     kTimeoutMaxMs, "ms to connect to an upstream"},
    {"upstream_first_byte_timeout_ms", &L::upstream_first_byte_timeout_ms, 1,
     kTimeoutMaxMs, "ms until an upstream answers"},
    {"stream_idle_timeout_ms", &L::stream_idle_timeout_ms, 1, kTimeoutMaxMs,
     "ms of silence within an answer"},
    {"keepalive_ms", &L::keepalive_ms, 0, kTimeoutMaxMs,
     "ms of silence in a stream before a sign of life; 0: none"},
    {"upstream_connections_max", &L::upstream_connections_max, 1, 1'000'000,
     "idle connections kept to each upstream, per thread"},
    {"event_bytes_max", &L::event_bytes_max, 1024, int64_t{1} << 32,
     "bytes of one server-sent event that the meter keeps"},
    {"decoded_answer_bytes_max", &L::decoded_answer_bytes_max, 1024, kBytesMax,
     "bytes of one compressed answer that the meter decodes"},
    {"output_tokens_reserve", &L::output_tokens_reserve, 0, 1'000'000'000,
     "tokens of a cut answer that may have reasoned unseen, if unbounded"},
    {"drain_ms", &L::drain_ms, 0, kTimeoutMaxMs,
     "ms that SIGTERM waits for running exchanges"},
};

void ReadTls(TomlTable* table, Reader* reader, Config* config) {
  auto tls = table ? table->Table("tls") : std::nullopt;
  if (tls) {
    config->gate.tls.certificate = tls->String("certificate").value_or("");
    config->gate.tls.key = tls->String("key").value_or("");
    for (std::string_view key : {"certificate", "key"}) {
      if (!tls->Has(key)) tls->Missing(key);
    }
    tls->Finish();
  }
  reader->Row(table, "gate", "tls",
              config->gate.tls.certificate.empty()
                  ? "none"
                  : "certificate " + config->gate.tls.certificate,
              "certificate and key, for TLS to clients");
}

}  // namespace

void ReadGate(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "gate");
  TomlTable* table = section.get();
  config->gate.listen = "127.0.0.1:8787";
  reader->Text(table, "gate", "listen", "address for agents",
               &config->gate.listen);
  reader->Text(table, "gate", "admin", "address for administration",
               &config->admin_listen);
  ReadTls(table, reader, config);
  reader->Text(table, "gate", "access_log",
               "a file, \"stderr\" or \"off\": one line for each request",
               &config->access_log);
  reader->Number(table, "gate", "threads", 0, 1024,
                 "event loops; 0 for one a core", &config->threads);
  for (const LimitRow& row : kGateLimits) {
    reader->Number(table, "gate", row.key, row.min, row.max, row.help,
                   &(config->gate.limits.*row.value));
  }
  section.Finish();
}

}  // namespace cofferdam::cli
