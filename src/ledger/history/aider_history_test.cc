#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/history/history_testing.h"

// Transcripts of aider's form (0.86, io.py), one of them by aider itself.
namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Aider : public HistoryTest {
 protected:
  Aider() : HistoryTest(HistoryAgent::kAider, ".aider.chat.history.md") {
    source_.cwd = "/w";
  }
};

const std::string kHead =
    "\n# aider chat started at 2026-05-02 11:21:38\n\n"
    "> /usr/bin/aider --no-auto-commits  \n"
    "> Aider v0.86.1  \n"
    "> Main model: anthropic/claude-sonnet-4-5 with diff edit format  \n"
    "> Git repo: .git with 3 files  \n";
const std::string kAnswer =
    "Here is the change:\n\na.py\n```python\n<<<<<<< SEARCH\n=======\n"
    "print(1)\n>>>>>>> REPLACE\n```\n\n> a quotation of the model's\n";
const std::string kTokens =
    "> Tokens: 2.4k sent, 1.1k cache write, 512 cache hit, 155 received. "
    "Cost: $0.0045 message, $0.01 session.  \n"
    "> Applied edit to a.py  \nand what aider printed below  \n";

// What aider 0.86.1 itself left of a session with a double of its provider.
const std::string kReal =
    "\n"
    "# aider chat started at 2026-11-21 16:06:42\n"
    "\n"
    "> You can skip this check with --no-gitignore  \n"
    "> Add .aider* to .gitignore (recommended)? (Y)es/(N)o [Yes]: y  \n"
    "> Added .aider* to .gitignore  \n"
    "> /usr/bin/aider --model openai/gpt-4o --openai-api-base "
    "http://127.0.0.1:8000/v1 --edit-format whole --yes --no-check-update "
    "--no-show-model-warnings --analytics-disable --no-pretty --message write "
    "settle.py settle.py  \n"
    "> Creating empty file /home/a/repo/settle.py  \n"
    "> Aider v0.86.1  \n"
    "> Main model: openai/gpt-4o with whole edit format  \n"
    "> Weak model: gpt-4o-mini  \n"
    "> Git repo: .git with 1 files  \n"
    "> Repo-map: using 4096 tokens, auto refresh  \n"
    "> Added settle.py to the chat.  \n"
    "> https://aider.chat/HISTORY.html#release-notes  \n"
    "> Would you like to see what's new in this version? (Y)es/(N)o [Yes]: y  "
    "\n"
    "\n"
    "#### write settle.py  \n"
    "\n"
    "Here is the function.\n"
    "\n"
    "settle.py\n"
    "```\n"
    "def settle(accounts, payments):\n"
    "    \"\"\"Applies every payment once, oldest first.\"\"\"\n"
    "    seen = set()\n"
    "    left = dict(accounts)\n"
    "    for payment in sorted(payments, key=lambda p: p[\"time\"]):\n"
    "        if payment[\"id\"] in seen:\n"
    "            continue\n"
    "        seen.add(payment[\"id\"])\n"
    "        if left.get(payment[\"from\"], 0) < payment[\"amount\"]:\n"
    "            raise ValueError(f\"{payment['from']} cannot pay "
    "{payment['amount']}\")\n"
    "        left[payment[\"from\"]] -= payment[\"amount\"]\n"
    "        left[payment[\"to\"]] = left.get(payment[\"to\"], 0) + "
    "payment[\"amount\"]\n"
    "    return left\n"
    "```\n"
    "\n"
    "> Tokens: 783 sent, 149 received. Cost: $0.0034 message, $0.0034 session. "
    " \n"
    "> Committing settle.py before applying edits.  \n"
    "> Commit 1f12d9f Add settle  \n"
    "> Applied edit to settle.py  \n"
    "> Commit ae7c817 Add settle  \n";

TEST_F(Aider, ReadsWhatAiderItselfLeft) {
  Write(kReal);
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  const HistoryExchange& answer = taken_[0];
  EXPECT_EQ(answer.provider, "openai");
  EXPECT_EQ(answer.model, "gpt-4o");
  EXPECT_EQ(answer.tool_version, "0.86.1");
  EXPECT_EQ(answer.usage, (wire::Usage{783, 0, 0, 0, 149, 0}));
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_THAT(answer.parts[0].text, StartsWith("Here is the function."));
  EXPECT_THAT(answer.parts[0].text, EndsWith("    return left\n```"));
}

TEST_F(Aider, WhatStandsBetweenTheUsersLinesAndTheTokensIsTheModels) {
  Write(kHead + "\n#### write it  \n#### and run it  \n\n" + kAnswer + "\n" +
        kTokens +
        "\n#### thanks  \n\nYou are welcome.\n\n> Tokens: 300 sent, "
        "12 received.  \n");
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 2u);
  const HistoryExchange& first = taken_[0];
  EXPECT_EQ(first.provider, "anthropic");
  EXPECT_EQ(first.model, "claude-sonnet-4-5");
  EXPECT_EQ(first.tool_version, "0.86.1");
  EXPECT_EQ(first.session, "aider 2026-05-02 11:21:38 /w");
  EXPECT_EQ(first.cwd, "/w");
  EXPECT_GT(first.time_micros, 0);
  EXPECT_EQ(first.usage, (wire::Usage{2400, 512, 1100, 0, 155, 0}));
  EXPECT_EQ(first.usage_source, wire::UsageSource::kEstimated);
  ASSERT_EQ(first.parts.size(), 1u);
  EXPECT_EQ(first.parts[0].text + "\n", kAnswer);
  EXPECT_EQ(taken_[1].parts[0].text, "You are welcome.");
  EXPECT_EQ(taken_[1].turn, 1);
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_FALSE(read.mark.held);
}

TEST_F(Aider, AnAnswerToAidersOwnQuestionIsReadToo) {
  Write(kHead +
        "\n#### go  \n\nFirst.\n\n> Tokens: 1 sent, 1 received.  \n"
        "> Lint errors:  \nerror: x\n\nSecond.\n\n> Tokens: 2 sent, 2 "
        "received.  \n");
  Read();
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].parts[0].text, "Second.");
}

TEST_F(Aider, AnAnswerWithoutItsTokensWaits) {
  Write(kHead + "\n#### go  \n\nHalf of");
  HistoryRead read = Read();
  EXPECT_THAT(taken_, IsEmpty());
  Append(" it.\n\n> Tokens: 1 sent, 1 received.  \n");
  read = Read(read.mark);
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].parts[0].text, "Half of it.");
  EXPECT_EQ(taken_[0].model, "claude-sonnet-4-5");
}

TEST_F(Aider, ANewSessionEndsTheAnswerBefore) {
  Write(kHead + "\n#### go  \n\nOne.\n" + kHead + "\n#### go  \n\nTwo.\n");
  now_micros_ += 2 * kHistorySettledMicros;
  Read();
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[0].parts[0].text, "One.");
  EXPECT_EQ(taken_[1].turn, 0);
}

TEST_F(Aider, WhatIsNoTextIsNamedByItsLine) {
  Write(kHead + "\n#### go  \n" + std::string("a\0b\n", 4) + "\xff\nfine\n" +
        "> Tokens: 1 sent, 1 received.  \n");
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].parts[0].text, "fine");
  EXPECT_EQ(problems_.size(), 2u);
  EXPECT_THAT(problems_[0].why, HasSubstr("not text"));
}

}  // namespace
}  // namespace cofferdam::ledger
