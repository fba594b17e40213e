#include "gate/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace cofferdam::gate {
namespace {

using testing::HasSubstr;

ledger::Exchange Complete() {
  ledger::Exchange exchange;
  exchange.outcome = ledger::Outcome::kComplete;
  exchange.http_status = 200;
  exchange.usage.input_tokens = 10;
  exchange.usage.cache_write_5m_tokens = 3;
  exchange.usage.cache_write_1h_tokens = 4;
  exchange.usage.output_tokens = 5;
  exchange.times = {1'000'000, 1'000'100, 1'050'000, 1'200'000};
  return exchange;
}

TEST(Metrics, CountsExchangesByUpstreamAndOutcome) {
  Metrics metrics;
  metrics.Of("anthropic").Count(Complete());
  ledger::Exchange gone = Complete();
  gone.outcome = ledger::Outcome::kClientGone;
  gone.usage_source = wire::UsageSource::kEstimated;
  metrics.Of("anthropic").Count(gone);
  std::string text = metrics.Text({}, 7, {});
  for (std::string line :
       {"cofferdam_exchanges_total{upstream=\"anthropic\",outcome=\"complete\"}"
        " 1\n",
        "cofferdam_exchanges_total{upstream=\"anthropic\",outcome=\"client_"
        "gone\"} 1\n",
        "cofferdam_answers_total{upstream=\"anthropic\",status=\"2xx\"} 2\n",
        "cofferdam_input_tokens_total{upstream=\"anthropic\"} 20\n",
        "cofferdam_cache_write_tokens_total{upstream=\"anthropic\"} 14\n",
        "cofferdam_estimated_exchanges_total{upstream=\"anthropic\"} 1\n",
        "cofferdam_exchange_duration_seconds_bucket{upstream=\"anthropic\","
        "le=\"0.1\"} 0\n",
        "cofferdam_exchange_duration_seconds_bucket{upstream=\"anthropic\","
        "le=\"0.5\"} 2\n",
        "cofferdam_exchange_duration_seconds_sum{upstream=\"anthropic\"} 0.4\n",
        "cofferdam_admission_seconds_bucket{upstream=\"anthropic\",le=\"0."
        "0001\"} 2\n",
        "cofferdam_client_connections 7\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, SayWhatTheLedgerSaysOfItself) {
  Metrics metrics;
  ledger::LedgerStats stats;
  stats.lag_micros = 1'500'000;
  stats.healthy = false;
  std::string text = metrics.Text(stats, 0, {});
  EXPECT_THAT(text, HasSubstr("cofferdam_ledger_lag_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("cofferdam_ledger_healthy 0\n"));
}

TEST(Metrics, CountRefusalsAndReloads) {
  Metrics metrics;
  metrics.CountRefused(Code::kUnauthenticated);
  metrics.CountReload(true);
  metrics.CountReload(false);
  std::string text = metrics.Text({}, 0, {});
  EXPECT_THAT(
      text, HasSubstr("cofferdam_refused_total{reason=\"unauthenticated\"} 1"));
  EXPECT_THAT(text, HasSubstr("cofferdam_config_current 0\n"));
  metrics.CountReload(true);
  EXPECT_THAT(metrics.Text({}, 0, {}),
              HasSubstr("cofferdam_config_current 1\n"));
}

// The text format: every sample has its family's TYPE before it, families come
// once, and a line is NAME{LABELS} VALUE.
TEST(Metrics, AreTheTextThatPrometheusReads) {
  Metrics metrics;
  metrics.Of("quo\"te\\").Count(Complete());
  std::istringstream lines(metrics.Text({}, 0, {{"prov\"ider", 3, 20, 1}}));
  std::set<std::string> families;
  std::string family;
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
      continue;
    }
    if (line.starts_with("# HELP ")) continue;
    EXPECT_TRUE(line.starts_with(family)) << line;
    size_t blank = line.rfind(' ');
    ASSERT_NE(blank, std::string::npos);
    size_t read = 0;
    std::stod(line.substr(blank + 1), &read);
    EXPECT_EQ(read, line.size() - blank - 1) << line;
  }
  EXPECT_GT(families.size(), 15u);
}

TEST(Metrics, TellHowManyWaitForAProvidersCapacity) {
  Metrics metrics;
  std::string text = metrics.Text({}, 0, {{"anthropic", 3, 20, 1}});
  EXPECT_THAT(
      text,
      HasSubstr("cofferdam_capacity_waiting{provider=\"anthropic\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cofferdam_capacity_waited_total{provider="
                              "\"anthropic\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("cofferdam_capacity_refused_total{provider="
                              "\"anthropic\"} 1\n"));
}

TEST(DurationHistogram, ABoundBelongsToItsBucket) {
  DurationHistogram histogram;
  histogram.Add(100);
  histogram.Add(101);
  histogram.Add(int64_t{1} << 40);
  std::string text;
  histogram.AppendText("h", "a=\"b\"", &text);
  EXPECT_THAT(text, HasSubstr("h_bucket{a=\"b\",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("h_bucket{a=\"b\",le=\"0.00025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("h_bucket{a=\"b\",le=\"600\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("h_bucket{a=\"b\",le=\"+Inf\"} 3\n"));
}

}  // namespace
}  // namespace cofferdam::gate
