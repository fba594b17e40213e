#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gate/metrics.h"
#include "gate/options.h"
#include "gate/upstream.h"
#include "ledger/exchange.h"
#include "policy/law.h"
#include "wire/types.h"

namespace cofferdam::gate {

// What the terms say of a contract now: for the record, and to decide by.
struct TermsNow {
  ledger::Terms record;
  policy::TermsClass terms_class = policy::TermsClass::kUnknown;
};

// An upstream with what the terms say of its contract.
class RoutedUpstream {
 public:
  RoutedUpstream(std::shared_ptr<const Upstream> upstream,
                 std::shared_ptr<const policy::TermsTable> terms,
                 UpstreamMetrics& metrics)
      : upstream_(std::move(upstream)),
        terms_(std::move(terms)),
        metrics_(metrics) {}

  const Upstream& upstream() const { return *upstream_; }
  UpstreamMetrics& metrics() const { return metrics_; }
  const std::shared_ptr<const Upstream>& shared() const { return upstream_; }

  // For an exchange at that time. Resolved once a day, as rows of the table
  // come into force by days.
  std::shared_ptr<const TermsNow> TermsAt(int64_t micros) const;

 private:
  std::shared_ptr<const Upstream> upstream_;
  std::shared_ptr<const policy::TermsTable> terms_;
  UpstreamMetrics& metrics_;
  mutable std::mutex mutex_;
  mutable int64_t day_ = -1;
  mutable std::shared_ptr<const TermsNow> cached_;
};

// Where requests go, as one edition of the configuration says. A request keeps
// the edition it began with, whatever is loaded meanwhile. Immutable; safe from
// any thread.
class Routes {
 public:
  // Upstreams that `previous` (may be null) has with the same options are
  // taken over with their connections. `metrics` outlives it. Errors as
  // Upstream::Open.
  static Result<std::shared_ptr<const Routes>> Open(const GateOptions& options,
                                                    const UpstreamRooms& rooms,
                                                    Metrics& metrics,
                                                    const Routes* previous);

  // The first upstream of the protocol that serves the model; null if none.
  const RoutedUpstream* Find(wire::Protocol protocol,
                             std::string_view model) const;
  // Whether any upstream speaks the protocol.
  bool Speaks(wire::Protocol protocol) const;
  // The first upstream that lets the path pass; null if none.
  const RoutedUpstream* FindPassing(std::string_view method,
                                    std::string_view path) const;

  const std::vector<std::unique_ptr<RoutedUpstream>>& upstreams() const {
    return upstreams_;
  }
  const GateLimits& limits() const { return limits_; }
  const policy::Law& law() const { return *law_; }
  const policy::PriceTable& prices() const {
    return prices_ != nullptr ? *prices_ : policy::PriceTable::BuiltIn();
  }
  const account::Pricing& pricing() const { return pricing_; }

 private:
  Routes() = default;
  std::vector<std::unique_ptr<RoutedUpstream>> upstreams_;
  GateLimits limits_;
  std::shared_ptr<const policy::Law> law_;
  std::shared_ptr<const policy::PriceTable> prices_;
  account::Pricing pricing_;
};

}  // namespace cofferdam::gate
