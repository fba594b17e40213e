#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "wire/types.h"

namespace cofferdam::bench {

// One session of an agent as Claude Code sends it, made up from a seed: each
// request holds the instructions and tools, which all sessions have in common,
// files that were read at its beginning, and every turn so far.
class GrowingSession {
 public:
  // About what instructions and tools take, and the files read at first; a turn
  // adds its output and half as much again of results.
  static constexpr size_t kSharedBytes = 40'000;
  static constexpr size_t kFilesBytes = 36'000;
  static constexpr size_t kOutputBytes = 2'000;
  // Then the session ends and another begins in its place.
  static constexpr size_t kTurns = 16;

  GrowingSession(uint64_t seed, std::string_view shared);

  // Instructions and tools, as members of a request.
  static std::string MakeShared(uint64_t seed);

  // The next request's body, and what the model answers to it: some words and
  // a file of about kOutputBytes.
  struct Turn {
    std::string body;
    std::vector<wire::Part> parts;
  };
  Turn Next();
  const std::string& id() const { return id_; }

 private:
  void Begin();

  SeededRandom random_;
  const std::string_view shared_;
  std::string id_;
  std::string messages_;
  size_t turn_ = 0;
};

}  // namespace cofferdam::bench
