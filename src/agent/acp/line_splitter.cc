#include "agent/acp/line_splitter.h"

namespace cofferdam::agent {
namespace {

// A long line is not kept beyond its time.
constexpr size_t kHeldBytesKept = size_t{64} << 10;

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

void LineSplitter::Emit(std::string_view line, const Sink& sink) {
  if (const auto text = Trimmed(line); !text.empty()) sink(Line::kWhole, text);
}

void LineSplitter::Feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    const bool ended = end != std::string_view::npos;
    bytes.remove_prefix(ended ? end + 1 : bytes.size());
    if (!skipping_ && held_.size() + piece.size() > bytes_max_) {
      skipping_ = true;
      std::string().swap(held_);
      sink(Line::kTooLong, {});
    }
    if (skipping_) {
      skipping_ = !ended;
    } else if (!ended) {
      held_ += piece;
    } else if (held_.empty()) {
      Emit(piece, sink);
    } else {
      held_ += piece;
      Emit(held_, sink);
      held_.clear();
      if (held_.capacity() > kHeldBytesKept) std::string().swap(held_);
    }
  }
}

void LineSplitter::End(const Sink& sink) {
  if (!skipping_) Emit(held_, sink);
  held_.clear();
  skipping_ = false;
}

}  // namespace cofferdam::agent
