#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "agent/acp/voice.h"

namespace cofferdam::agent {

// The output of one running call, gathered so that a tool that prints much
// does not flood the client. Clients replace a call's content as a whole, so
// what is sent is the end of the output; to a terminal goes what is new.
class CallOutput : public std::enable_shared_from_this<CallOutput> {
 public:
  struct Options {
    std::string call_id;
    size_t bytes_max = 0;
    int64_t gather_ms = 0;
    bool terminal = false;
  };
  CallOutput(AcpVoice& voice, Options options)
      : voice_(voice), options_(std::move(options)) {}

  // Any bytes; a character may be cut between two pieces.
  void Add(std::string_view piece);
  // Nothing is sent after this. What a terminal has not seen yet goes out
  // first, or all of `text` if there was no output at all.
  void End(std::string_view text);

 private:
  void Flush();
  // The update that tells of the first `bytes` of what is held; the lock is
  // held. Empty: nothing to tell.
  std::string Take(size_t bytes);

  AcpVoice& voice_;
  const Options options_;
  std::mutex mutex_;
  std::string held_;
  bool cut_ = false;
  bool said_ = false;
  bool waiting_ = false;
  bool ended_ = false;
};

// The length of the longest prefix of `text` that does not end inside a UTF-8
// sequence which more bytes could complete.
size_t WholeUtf8(std::string_view text);

}  // namespace cofferdam::agent
