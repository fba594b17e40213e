#include "cli/account_serving.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "account/alert.h"
#include "base/file.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kTokenBytesMax = 16 << 10;

std::string Trimmed(std::string text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.erase(text.find_last_not_of(kBlank) + 1);
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

// Read anew for each try, so that one that is renewed elsewhere is taken up.
Result<std::string> ReadToken(const gate::CredentialOptions& options) {
  if (!options.file.empty()) {
    TRY_ASSIGN(std::string text, ReadFile(options.file, kTokenBytesMax));
    return Trimmed(std::move(text));
  }
  const char* value = std::getenv(options.env.c_str());
  if (value == nullptr || *value == '\0') {
    return Error(Code::kUnavailable,
                 fmt::format("[alerts] credential: the variable {} is not set",
                             options.env));
  }
  return Trimmed(value);
}

void WarnOfCap(const policy::CapAlert& alert, const Logger& logger) {
  const policy::CapState& state = alert.state;
  logger.Warning("budget_spent",
                 {{"percent", int64_t{alert.percent}},
                  {"cap", state.cap.id},
                  {"scope", policy::CapScopeName(state.cap.scope)},
                  {"subject", state.subject},
                  {"limit", policy::FormatLimit(state.cap)}});
}

void Family(std::string_view name, std::string_view type, std::string_view help,
            double value, std::string* out) {
  *out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help,
                      type, value);
}

}  // namespace

Result<std::unique_ptr<account::Webhook>> StartAlerts(const Config& config,
                                                      console::Stores& stores,
                                                      const Clock& clock,
                                                      const Logger& logger) {
  std::unique_ptr<account::Webhook> webhook;
  if (!config.alerts_webhook.empty()) {
    account::WebhookOptions options;
    options.url = config.alerts_webhook;
    const gate::CredentialOptions& credential = config.alerts_credential;
    if (!credential.env.empty() || !credential.file.empty()) {
      options.token = [credential] { return ReadToken(credential); };
    }
    TRY_ASSIGN(webhook, account::Webhook::Start(std::move(options), logger));
  }
  stores.book().SetAlert(
      [to = webhook.get(), &clock, &logger](const policy::CapAlert& alert) {
        WarnOfCap(alert, logger);
        if (to) to->Send(account::CapAlertJson(alert, clock.WallMicros()));
      });
  stores.rollup().SetOverrunListener(
      [to = webhook.get(), &clock, &logger](const ledger::Exchange& exchange,
                                            const account::Tally& tally) {
        const std::string id = exchange.id.ToString();
        logger.Warning("overrun", {{"exchange", id}});
        if (to == nullptr) return;
        to->Send(account::OverrunAlertJson(
            exchange, {tally.micro_dollars, tally.charged_tokens},
            clock.WallMicros()));
      });
  return webhook;
}

std::string AccountMetrics(console::Stores& stores,
                           const account::Webhook* webhook) {
  std::string out;
  const auto gauge = [&](std::string_view name, std::string_view help,
                         double value) {
    Family(name, "gauge", help, value, &out);
  };
  const auto counter = [&](std::string_view name, std::string_view help,
                           uint64_t value) {
    Family(name, "counter", help, static_cast<double>(value), &out);
  };
  const account::RollupStats usage = stores.rollup().Stats();
  gauge("cofferdam_usage_sequence",
        "Exchanges up to this number are in the sums of usage.",
        static_cast<double>(usage.applied_sequence));
  gauge("cofferdam_usage_lag_seconds",
        "For how long the sums have lain behind the ledger.",
        static_cast<double>(usage.lag_micros) / 1e6);
  gauge("cofferdam_usage_healthy", "1 while the sums can be written.",
        usage.healthy ? 1 : 0);
  const policy::BookStats book = stores.book().Stats();
  gauge("cofferdam_budget_subjects", "Who and what has spent something.",
        static_cast<double>(book.subjects));
  gauge("cofferdam_budget_holds", "Requests that hold something now.",
        static_cast<double>(book.holds));
  counter("cofferdam_budget_untracked_total",
          "Subjects that were not counted, as the book was full.",
          book.untracked);
  counter("cofferdam_budget_clock_went_back_total",
          "Requests whose time lay before one that was seen already.",
          book.clock_went_back);
  if (webhook == nullptr) return out;
  const account::WebhookStats alerts = webhook->Stats();
  counter("cofferdam_alerts_delivered_total", "Warnings that were delivered.",
          alerts.delivered);
  counter("cofferdam_alerts_failed_total", "Warnings that were given up.",
          alerts.failed);
  counter("cofferdam_alerts_dropped_total",
          "Warnings for which the queue had no room.", alerts.dropped);
  return out;
}

}  // namespace cofferdam::cli
