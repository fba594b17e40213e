#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "agent/acp/acp_client_testing.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

// The page's example is a connection: "> " the client's lines, "< " the
// agent's, which come as they stand.
TEST(AcpPageTest, ItsExampleIsWhatIsSpoken) {
  const std::string page = *ReadFile(COFFERDAM_FORMATS "/acp.md", 1 << 20);
  size_t at = page.find("```jsonl\n");
  ASSERT_NE(at, std::string::npos);
  at += 9;
  std::string_view example(page);
  example = example.substr(at, page.find("```", at) - at);
  AcpClientTesting client;
  const FixedClock clock(1'790'000'000'000'000);
  client.options.clock = &clock;
  client.options.version = "0.1.0";
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.OnText("Mended.");
    observer.OnAnswerEnd();
    return TurnResult();
  };
  client.Start();
  int said = 0;
  while (!example.empty()) {
    const size_t end = example.find('\n');
    const std::string line(example.substr(0, end));
    example.remove_prefix(end + 1);
    ASSERT_GT(line.size(), 2U);
    if (line.starts_with("> ")) {
      client.Send(line.substr(2));
    } else {
      EXPECT_EQ("< " + client.Read(), line);
      ++said;
    }
  }
  EXPECT_GT(said, 5);
}

}  // namespace
}  // namespace cofferdam::agent
