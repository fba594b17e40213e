#include "cli/named_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/context.h"
#include "corpus/tree.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kToldMax = 100;

}  // namespace

NamedPaths::NamedPaths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const std::string shown = corpus::ShownPath(path);
    named_.push_back(shown.empty() ? "." : shown);
  }
  std::sort(named_.begin(), named_.end());
}

void NamedPaths::OnPassedOver(const corpus::PassedOver& passed) {
  using corpus::Reason;
  const bool of_file =
      passed.record == 0 || passed.reason == Reason::kUnreadable;
  if (passed.reason == Reason::kBinary || (!of_file && passed.record != 1))
    return;
  if (!std::binary_search(named_.begin(), named_.end(), passed.path)) return;
  if (of_file) {
    unread_.push_back(passed);
  } else if (begins_.size() < kToldMax) {
    begins_.push_back(passed);
  }
}

void NamedPaths::Finish(const scan::ScanReport& report) {
  if (report.records == 0 && unread_.empty()) unread_ = std::move(begins_);
}

bool NamedPaths::Tell() const {
  for (size_t i = 0; i < std::min(unread_.size(), kToldMax); ++i) {
    Say("cofferdam: not read to its end: " +
        corpus::PassedOverText(unread_[i]));
  }
  if (unread_.size() > kToldMax) {
    Say(fmt::format("cofferdam: and {} more of the paths that were named",
                    unread_.size() - kToldMax));
  }
  return unread_.empty();
}

}  // namespace cofferdam::cli
