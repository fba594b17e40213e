#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "policy/law.h"

namespace cofferdam::policy {

// Laws and questions drawn by a seed, whose values meet often.
class LawDrawer {
 public:
  explicit LawDrawer(uint64_t seed) : random_(seed) {}

  std::string Text(size_t rules);
  // Its views point into this object, until the next one is drawn.
  Question Ask();

 private:
  size_t Below(size_t n) { return random_() % n; }
  std::string Word();
  std::string Pattern();
  std::string Patterns(std::string_view key);
  std::string DrawRule(size_t number);

  std::mt19937_64 random_;
  std::vector<std::string> words_;
  std::vector<std::string_view> teams_;
};

// The first rule that matches, one by one; null if none does.
const Rule* FirstOneByOne(const Law& law, const Question& question);
uint64_t LabelsOneByOne(const Law& law, const Question& question);

}  // namespace cofferdam::policy
