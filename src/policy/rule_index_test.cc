#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <set>
#include <string>

#include "policy/laws_testing.h"

namespace {
// Allocations of this thread while it is counted.
thread_local int64_t allocations = -1;
}  // namespace

// Sanitizers have allocators of their own, which must stay whole.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kCounts = false;
#else
constexpr bool kCounts = true;

void* operator new(size_t size) {
  if (allocations >= 0) ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace cofferdam::policy {
namespace {

std::shared_ptr<const Law> Parse(const std::string& text) {
  auto law = Law::Parse(text, "policy.toml", {});
  EXPECT_TRUE(law.ok()) << (law.ok() ? "" : law.error().message()) << text;
  return law.ok() ? *law : Law::Default({});
}

class Drawn : public testing::TestWithParam<int> {};

// The size of the words of a row and one beyond are among the sizes.
constexpr size_t kSizes[] = {0, 1, 5, 30, 63, 64, 65, 130, 300};

TEST_P(Drawn, TheIndexAnswersAsTheRulesDoOneByOne) {
  LawDrawer drawer(static_cast<uint64_t>(GetParam()));
  std::set<std::string> deciding;
  for (size_t size : kSizes) {
    const auto law = Parse(drawer.Text(size));
    ASSERT_EQ(law->rules().size(), size);
    for (int i = 0; i < 300; ++i) {
      const Question question = drawer.Ask();
      const Rule* expected = FirstOneByOne(*law, question);
      const Decision decision = law->Decide(question);
      ASSERT_EQ(decision.rule, expected) << law->version();
      EXPECT_EQ(law->LabelsAsked(question), LabelsOneByOne(*law, question));
      if (expected) deciding.insert(expected->name);
    }
  }
  // The questions reach more than the first few rules.
  EXPECT_GT(deciding.size(), 30u);
}

INSTANTIATE_TEST_SUITE_P(BySeed, Drawn, testing::Range(1, 13));

TEST(RuleIndex, DecidesWithoutAllocating) {
  if (!kCounts) GTEST_SKIP() << "allocations are the sanitizer's";
  LawDrawer drawer(99);
  const auto law = Parse(drawer.Text(1000));
  int64_t counted = 0;
  for (int i = 0; i < 2000; ++i) {
    const Question question = drawer.Ask();
    allocations = 0;
    const Decision decision = law->Decide(question);
    const uint64_t asked = law->LabelsAsked(question);
    counted += allocations;
    allocations = -1;
    EXPECT_FALSE(decision.name.empty());
    EXPECT_LT(asked, 32u);
  }
  EXPECT_EQ(counted, 0);
  allocations = 0;
  ::operator delete(::operator new(1));
  counted = allocations;
  allocations = -1;
  EXPECT_EQ(counted, 1);  // that it counts at all
}

TEST(RuleIndex, AValueBeyondAnyPatternFindsWhatTakesAnyValue) {
  const auto law = Parse(R"(
ask = "a"
[[rule]]
name = "long"
path = "/v1/*"
repo = "*/secret"
effect = "deny"
reason = "r"
[[rule]]
name = "rest"
path = "*"
effect = "pause"
reason = "r"
)");
  const std::string path = "/v1/" + std::string(100'000, 'x');
  EXPECT_EQ(law->Decide({.repo = "h/secret", .path = path}).name, "long");
  EXPECT_EQ(law->Decide({.repo = "h/secrets", .path = path}).name, "rest");
  EXPECT_EQ(law->Decide({}).name, "rest");
}

// One version beyond what rows are made for, and rules are asked one by one.
TEST(RuleIndex, ComparesWithAsManyVersionsAsThereAre) {
  for (int count : {512, 513}) {
    std::string text = "ask = \"a\"\n";
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      text += "[[rule]]\nname = \"r" + number + "\"\ntool_version = \"<1." +
              number + "\"\neffect = \"deny\"\nreason = \"r\"\n";
    }
    const auto law = Parse(text);
    EXPECT_EQ(law->Decide({.tool_version = "0.9"}).name, "r0");
    EXPECT_EQ(law->Decide({.tool_version = "1.40"}).name, "r41");
    EXPECT_EQ(law->Decide({.tool_version = "1.511"}).name,
              count == 513 ? "r512" : "fixed.allow");
    EXPECT_EQ(law->Decide({.tool_version = "main"}).name, "fixed.allow");
    EXPECT_EQ(law->Decide({}).name, "fixed.allow");
  }
}

}  // namespace
}  // namespace cofferdam::policy
