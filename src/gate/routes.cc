#include "gate/routes.h"

#include <algorithm>
#include <utility>

namespace cofferdam::gate {
namespace {

constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;

std::shared_ptr<const Upstream> TakeOver(const Routes* previous,
                                         const UpstreamOptions& options,
                                         const GateLimits& limits) {
  if (previous == nullptr) return nullptr;
  for (const auto& routed : previous->upstreams()) {
    if (routed->upstream().SameAs(options, limits)) return routed->shared();
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const TermsNow> RoutedUpstream::TermsAt(int64_t micros) const {
  const int64_t day = micros / kDayMicros;
  std::lock_guard lock(mutex_);
  if (day == day_) return cached_;
  const policy::Contract& contract = upstream_->options().contract;
  policy::TermsResolution resolution = terms_->Resolve(contract, micros);
  auto terms = std::make_shared<TermsNow>();
  terms->terms_class = resolution.terms_class;
  terms->record.terms_class = policy::TermsClassName(resolution.terms_class);
  terms->record.version = terms_->version();
  terms->record.provider = contract.provider;
  terms->record.product = contract.product;
  terms->record.plan = contract.plan;
  terms->record.weights = contract.weights;
  day_ = day;
  cached_ = std::move(terms);
  return cached_;
}

Result<std::shared_ptr<const Routes>> Routes::Open(const GateOptions& options,
                                                   const UpstreamRooms& rooms,
                                                   Metrics& metrics,
                                                   const Routes* previous) {
  std::shared_ptr<Routes> routes(new Routes());
  routes->limits_ = options.limits;
  routes->prices_ = options.prices;
  routes->pricing_ = options.pricing;
  routes->law_ =
      options.law != nullptr ? options.law : policy::Law::Default({});
  for (const UpstreamOptions& row : options.upstreams) {
    std::shared_ptr<const Upstream> upstream =
        TakeOver(previous, row, options.limits);
    if (upstream == nullptr) {
      TRY_ASSIGN(upstream, Upstream::Open(row, options.limits, rooms));
    }
    routes->upstreams_.push_back(std::make_unique<RoutedUpstream>(
        std::move(upstream), options.terms, metrics.Of(row.name)));
  }
  return std::shared_ptr<const Routes>(std::move(routes));
}

const RoutedUpstream* Routes::Find(wire::Protocol protocol,
                                   std::string_view model) const {
  for (const auto& routed : upstreams_) {
    const Upstream& upstream = routed->upstream();
    if (upstream.options().protocol == protocol && upstream.Serves(model)) {
      return routed.get();
    }
  }
  return nullptr;
}

bool Routes::Speaks(wire::Protocol protocol) const {
  return std::any_of(upstreams_.begin(), upstreams_.end(),
                     [&](const auto& routed) {
                       return routed->upstream().options().protocol == protocol;
                     });
}

const RoutedUpstream* Routes::FindPassing(std::string_view method,
                                          std::string_view path) const {
  for (const auto& routed : upstreams_) {
    if (routed->upstream().Passes(method, path)) return routed.get();
  }
  return nullptr;
}

}  // namespace cofferdam::gate
