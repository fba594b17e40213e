#include "agent/acp/call_output.h"

#include <utility>

#include "agent/acp/call_updates.h"

namespace cofferdam::agent {

size_t WholeUtf8(std::string_view text) {
  // At most three bytes of a sequence can be there without its last.
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

void CallOutput::Add(std::string_view piece) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  held_ += piece;
  if (held_.size() > options_.bytes_max) {
    // The newest is what the user waits for.
    size_t from = held_.size() - options_.bytes_max;
    while (from < held_.size() && (held_[from] & 0xc0) == 0x80) ++from;
    held_.erase(0, from);
    cut_ = true;
  }
  if (std::exchange(waiting_, true)) return;
  voice_.outbox().After(options_.gather_ms,
                        [self = shared_from_this()] { self->Flush(); });
}

void CallOutput::Flush() {
  const std::lock_guard lock(mutex_);
  waiting_ = false;
  if (ended_) return;
  // On the writing thread, which never waits for room, so that the lock can be
  // held: what is sent here comes before whatever follows End.
  voice_.Update(Take(WholeUtf8(held_)));
}

std::string CallOutput::Take(size_t bytes) {
  if (bytes == 0) return {};
  const std::string mark = cut_ ? "[…]\n" : "";
  const std::string text = mark + held_.substr(0, bytes);
  said_ = true;
  if (!options_.terminal) return CallOutputUpdate(options_.call_id, text);
  held_.erase(0, bytes);
  cut_ = false;
  return TerminalOutputUpdate(options_.call_id, text);
}

void CallOutput::End(std::string_view text) {
  std::string last;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true) || !options_.terminal) return;
    if (!said_ && held_.empty()) held_ = text;
    last = Take(held_.size());
  }
  voice_.Update(last);
}

}  // namespace cofferdam::agent
