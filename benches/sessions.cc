#include "benches/sessions.h"

#include <fmt/format.h>

#include <cstdint>

#include "benches/dialogue.h"

namespace cofferdam::bench {
namespace {

// Code that differs from session to session.
std::string SourceText(size_t session, size_t bytes) {
  constexpr int64_t kSeedsApart = 1'000'000;
  std::string text;
  for (int64_t i = 0; text.size() < bytes; ++i) {
    text += CodeText(static_cast<int64_t>(session + 1) * kSeedsApart + i);
  }
  return text;
}

std::string Message(std::string_view role, std::string_view text) {
  return fmt::format("{{\"role\":\"{}\",\"content\":\"{}\"}}", role, text);
}

}  // namespace

std::vector<std::string> SessionRequests(std::string_view key, size_t sessions,
                                         size_t turns, size_t prompt_bytes) {
  std::vector<std::string> requests(sessions * turns);
  for (size_t session = 0; session < sessions; ++session) {
    std::string messages = Message("user", SourceText(session, prompt_bytes));
    for (size_t turn = 0; turn < turns; ++turn) {
      const size_t place = turn * sessions + session;
      RequestPlan plan;
      plan.code_seed = static_cast<int64_t>(place);
      requests[place] =
          TurnBytes(key, plan, fmt::format("bench-{}", session), messages);
      messages += "," + Message("assistant", CodeText(plan.code_seed));
      messages += "," + Message("user", fmt::format("Go on, step {}.", turn));
    }
  }
  return requests;
}

}  // namespace cofferdam::bench
