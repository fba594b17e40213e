#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"

namespace cofferdam::agent {

// Keeps what it heard of an answer.
class HeardAnswer : public AnswerListener {
 public:
  void OnText(std::string_view piece) override { text += piece; }
  void OnThinking(std::string_view piece) override { thinking += piece; }
  void OnCall(std::string_view name) override { calls.emplace_back(name); }

  std::string text;
  std::string thinking;
  std::vector<std::string> calls;
};

}  // namespace cofferdam::agent
