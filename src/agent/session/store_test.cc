#include "agent/session/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "agent/session/pairing.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    std::string pattern = testing::TempDir() + "/session.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~SessionTest() override { std::filesystem::remove_all(folder_); }

  SessionStore Store(const SessionFileLimits& limits = {}) {
    return SessionStore(folder_ + "/sessions", clock_, random_, limits);
  }
  SessionStore::Opened Begin(SessionStore* store,
                             const std::string& workspace = "/home/a/tide") {
    SessionBegin begin;
    begin.workspace = workspace;
    begin.model = "model-x";
    return store->Create(begin);
  }
  // A turn with one call.
  static void Turn(SessionFile* file, const std::string& text) {
    ASSERT_TRUE(file->AppendPrompt(text).ok());
    ASSERT_TRUE(file->Append(Answer("I look.", "c1")).ok());
    ASSERT_TRUE(file->Append(Outcome("c1", "a line")).ok());
    ASSERT_TRUE(file->Append(Answer("Done: " + text)).ok());
    ASSERT_TRUE(file->AppendEnd("done", "").ok());
    // Ids are unique in a conversation.
  }
  static Message Answer(std::string text, std::string call = "") {
    Message message{.role = Message::Role::kAssistant, .text = std::move(text)};
    if (!call.empty()) {
      message.calls.push_back({.id = std::move(call),
                               .name = "read",
                               .arguments = R"({"path":"a.cc"})"});
    }
    return message;
  }
  static Message Outcome(std::string call, std::string text) {
    return {.role = Message::Role::kTool,
            .text = std::move(text),
            .call_id = std::move(call)};
  }
  static bool Valid(std::vector<Message> messages) {
    return !MendHistory(&messages).has_value();
  }

  FixedClock clock_{1'795'268'448'784'000};
  SeededRandom random_{7};
  std::string folder_;
};

TEST_F(SessionTest, NothingIsOnDiskBeforeTheFirstPrompt) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  ASSERT_TRUE(opened.file->AppendMode(Mode::kEdit).ok());
  ASSERT_TRUE(opened.file->AppendModel("model-y", "profile-y").ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/sessions"));
  ASSERT_TRUE(opened.file->AppendPrompt("\n  Mend the tide. \nNow").ok());
  struct stat info;
  ASSERT_EQ(stat(opened.file->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string id = opened.file->id();
  opened.file.reset();
  auto again = store.Open(id);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->state.begin.title, "Mend the tide.");
  EXPECT_EQ(again->state.mode, Mode::kEdit);
  EXPECT_EQ(again->state.model, "model-y");
  EXPECT_EQ(again->state.profile, "profile-y");
}

TEST_F(SessionTest, ADeletedSessionIsGoneUnlessItIsOpen) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  auto other = Begin(&store);
  Turn(opened.file.get(), "one");
  Turn(other.file.get(), "two");
  const std::string id = opened.file->id();
  const std::string path = opened.file->path();
  auto deleted = store.Delete(id);
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().code(), Code::kConflict);
  opened.file.reset();
  // Nobody deletes by the beginning of an id.
  EXPECT_FALSE(*store.Delete(id.substr(0, 25)));
  EXPECT_FALSE(*store.Delete("../../../../../etc/passwd\0"));
  EXPECT_TRUE(*store.Delete(id));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(*store.Delete(id));
  const auto left = store.List("");
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().id, other.file->id());
}

TEST_F(SessionTest, WhatWasAppendedIsReadAgain) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  SessionFile& file = *opened.file;
  ASSERT_TRUE(file.AppendPrompt("Mend it", "[mode: ask]").ok());
  Message answer{.role = Message::Role::kAssistant,
                 .text = "line\n\"quoted\" \xe2\x9c\x93",
                 .thinking = "hm",
                 .calls = {{.id = "c1",
                            .name = "edit",
                            .arguments = R"({ "b" : 1e5, "a":"\u00e9" })"}},
                 .exchange = "01K4000000000G000000000001"};
  ASSERT_TRUE(file.Append(answer).ok());
  Message outcome = Outcome("c1", "no");
  outcome.failed = true;
  const std::string changed[] = {"/home/a/tide/a.cc"};
  ASSERT_TRUE(file.Append(outcome, changed).ok());
  const std::vector<PlanEntry> plan = {
      {.text = "mend",
       .status = PlanEntry::Status::kInProgress,
       .priority = PlanEntry::Priority::kHigh},
      {.text = "test", .priority = PlanEntry::Priority::kLow}};
  ASSERT_TRUE(file.AppendPlan(plan).ok());
  ASSERT_TRUE(file.AppendMeter({.context_used = 5,
                                .context_size = 100,
                                .input_tokens = 7,
                                .cached_tokens = 3,
                                .output_tokens = 2,
                                .cost_micros = 11})
                  .ok());
  const std::string id = file.id();
  opened.file.reset();
  auto again = store.Open(id);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->state.messages.size(), 3u);
  EXPECT_EQ(again->state.messages[0].text, "Mend it");
  EXPECT_EQ(again->state.messages[0].note, "[mode: ask]");
  EXPECT_EQ(again->state.messages[1], answer);
  EXPECT_EQ(again->state.messages[2], outcome);
  EXPECT_EQ(again->state.plan, plan);
  EXPECT_EQ(again->state.meter.cost_micros, 11);
  EXPECT_EQ(again->state.meter.cached_tokens, 3);
  EXPECT_EQ(again->state.turns, 1u);
  EXPECT_TRUE(again->state.notes.empty());
}

TEST_F(SessionTest, AMessageThatWouldBreakTheHistoryIsRefused) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  SessionFile& file = *opened.file;
  EXPECT_EQ(file.Append(Answer("early")).error().code(), Code::kInvalid);
  ASSERT_TRUE(file.AppendPrompt("a").ok());
  EXPECT_FALSE(file.Append(Outcome("c1", "of nothing")).ok());
  ASSERT_TRUE(file.Append(Answer("x", "c1")).ok());
  EXPECT_FALSE(file.AppendPrompt("b").ok());
  EXPECT_FALSE(file.Append(Answer("y")).ok());
  EXPECT_FALSE(file.AppendReplace(0, 1, {}, "compaction").ok());
  ASSERT_TRUE(file.Append(Outcome("c1", "ok")).ok());
  EXPECT_FALSE(file.Append(Outcome("c1", "twice")).ok());
  ASSERT_TRUE(file.AppendPrompt("b").ok());
}

TEST_F(SessionTest, CutAtEveryByteItLoadsAsAValidHistoryAndGoesOn) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  ASSERT_TRUE(opened.file->AppendPrompt("two").ok());
  Message both = Answer("two calls", "d1");
  both.calls.push_back({.id = "d2", .name = "bash", .arguments = "{}"});
  ASSERT_TRUE(opened.file->Append(both).ok());
  ASSERT_TRUE(opened.file->Append(Outcome("d1", "first")).ok());
  ASSERT_TRUE(opened.file->Append(Outcome("d2", "second")).ok());
  const std::vector<Message> summary = {{.text = "what came before"}};
  ASSERT_TRUE(opened.file->AppendReplace(0, 4, summary, "compaction").ok());
  ASSERT_TRUE(opened.file->Rewind(2, RewindOf::kBoth).ok());
  const std::string path = opened.file->path();
  opened.file.reset();
  const std::string whole = *ReadFile(path, 1 << 20);
  const size_t first = whole.find('\n') + 1;
  for (size_t size = 0; size <= whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << cut;
    SessionState state;
    auto file = SessionFile::Open(path, clock_, &state);
    if (size < first) {
      EXPECT_EQ(file.error().code(), Code::kCorrupt) << size;
      continue;
    }
    ASSERT_TRUE(file.ok()) << size << file.error().message();
    EXPECT_TRUE(Valid(state.messages)) << size;
    EXPECT_EQ((*file)->messages(), state.messages.size()) << size;
    const bool torn = cut.back() != '\n';
    EXPECT_EQ(!state.notes.empty() &&
                  state.notes[0].find("cut off") != std::string::npos,
              torn)
        << size;
    // It goes on, and what follows stands behind what was there.
    ASSERT_TRUE((*file)->AppendPrompt("more").ok()) << size;
    file->reset();
    SessionState after;
    auto again = SessionFile::Open(path, clock_, &after);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(after.notes.empty()) << size << after.notes[0];
    state.messages.push_back({.text = "more"});
    EXPECT_EQ(after.messages, state.messages) << size;
  }
}

TEST_F(SessionTest, ACallWhoseRunWasKilledHasAnOutcomeThatSaysSo) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  ASSERT_TRUE(opened.file->AppendPrompt("a").ok());
  ASSERT_TRUE(opened.file->Append(Answer("x", "c1")).ok());
  const std::string id = opened.file->id();
  opened.file.reset();
  auto again = store.Open(id);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->state.messages.size(), 3u);
  EXPECT_EQ(again->state.messages[2].text, kInterruptedOutcome);
  EXPECT_EQ(again->state.messages[2].call_id, "c1");
  EXPECT_TRUE(again->state.messages[2].failed);
  EXPECT_EQ(again->state.notes.size(), 1u);
}

TEST_F(SessionTest, ADamagedLineIsLeftOutAndSaid) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  const std::string path = opened.file->path();
  opened.file.reset();
  std::string text = *ReadFile(path, 1 << 20);
  const size_t at = text.find("a line");
  text.replace(at, 6, "a\nb\1\2\3");
  ASSERT_TRUE(WriteFileAtomically(path, text, 0600).ok());
  for (int i = 0; i < 2; ++i) {
    SessionState state;
    auto file = SessionFile::Open(path, clock_, &state);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_TRUE(Valid(state.messages));
    ASSERT_EQ(state.messages.size(), 4u);
    EXPECT_EQ(state.messages[2].text, kInterruptedOutcome);
    EXPECT_EQ(state.messages[3].text, "Done: one");
    ASSERT_FALSE(state.notes.empty());
    EXPECT_NE(state.notes[0].find("Damaged"), std::string::npos);
  }
}

TEST_F(SessionTest, TwoAtOnceAreRefusedAndOneMayForkWhatIsOpen) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  auto second = store.Open(opened.file->id());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_NE(second.error().message().find("--fork"), std::string::npos);
  auto fork = store.Fork(opened.file->id());
  ASSERT_TRUE(fork.ok()) << fork.error().message();
  EXPECT_EQ(fork->state.begin.parent, opened.file->id());
  EXPECT_NE(fork->file->id(), opened.file->id());
  EXPECT_EQ(fork->state.messages.size(), 4u);
  Turn(fork->file.get(), "two");
  EXPECT_EQ(opened.file->messages(), 4u);
  EXPECT_EQ(fork->file->messages(), 8u);
}

TEST_F(SessionTest, AForkBeforeATurnHasOnlyWhatCameBefore) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  Turn(opened.file.get(), "two");
  auto fork = store.Fork(opened.file->id(), 2);
  ASSERT_TRUE(fork.ok());
  EXPECT_EQ(fork->state.messages.size(), 4u);
  EXPECT_EQ(fork->state.turns, 1u);
  EXPECT_EQ(store.Fork(opened.file->id(), 3).error().code(), Code::kNotFound);
  EXPECT_EQ(store.List("")->size(), 2u);
}

TEST_F(SessionTest, ARewindGoesBehindACompaction) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  SessionFile& file = *opened.file;
  Turn(&file, "one");
  Turn(&file, "two");
  const std::vector<Message> summary = {{.text = "one was done"}};
  ASSERT_TRUE(file.AppendReplace(0, 4, summary, "compaction").ok());
  EXPECT_EQ(file.messages(), 5u);
  Turn(&file, "three");
  auto state = file.Rewind(2, RewindOf::kConversation);
  ASSERT_TRUE(state.ok());
  ASSERT_EQ(state->messages.size(), 4u);
  EXPECT_EQ(state->messages[0].text, "one");
  ASSERT_EQ(file.Points().size(), 1u);
  Turn(&file, "two again");
  EXPECT_EQ(file.Points()[1].text, "two again");
  EXPECT_EQ(file.Points()[1].turn, 2u);
  EXPECT_EQ(file.Rewind(3, RewindOf::kBoth).error().code(), Code::kNotFound);
  state = file.Rewind(1, RewindOf::kBoth);
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->messages.empty());
}

TEST_F(SessionTest, TheWayBackOfFilesIsTheFirstSnapshotFromThatTurnOn) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  SessionFile& file = *opened.file;
  Turn(&file, "one");
  ASSERT_TRUE(file.AppendPrompt("two").ok());
  ASSERT_TRUE(file.AppendFiles("s2").ok());
  Turn(&file, "three");
  ASSERT_TRUE(file.AppendPrompt("four").ok());
  ASSERT_TRUE(file.AppendFiles("s4").ok());
  EXPECT_EQ(file.SnapshotBefore(1), "s2");
  EXPECT_EQ(file.SnapshotBefore(2), "s2");
  EXPECT_EQ(file.SnapshotBefore(3), "s4");
  EXPECT_EQ(file.SnapshotBefore(5), std::nullopt);
  // The conversation goes back, the files stay: before turn 3 they were s4.
  ASSERT_TRUE(file.Rewind(3, RewindOf::kConversation).ok());
  Turn(&file, "three again");
  EXPECT_EQ(file.SnapshotBefore(3), "s4");
  EXPECT_EQ(file.SnapshotBefore(4), std::nullopt);
  ASSERT_TRUE(file.Rewind(3, RewindOf::kBoth).ok());
  EXPECT_EQ(file.SnapshotBefore(3), std::nullopt);
  EXPECT_EQ(file.SnapshotBefore(2), "s2");
  EXPECT_TRUE(file.Points()[0].files);
}

TEST_F(SessionTest, WhatWasSpentStaysWhenATurnIsUndone) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  SessionFile& file = *opened.file;
  Turn(&file, "one");
  ASSERT_TRUE(file.AppendMeter({.output_tokens = 9}).ok());
  ASSERT_TRUE(file.AppendMode(Mode::kAuto).ok());
  ASSERT_TRUE(file.AppendPlan(std::vector<PlanEntry>{{.text = "x"}}).ok());
  auto state = file.Rewind(1, RewindOf::kConversation);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->meter.output_tokens, 9);
  EXPECT_EQ(state->mode, Mode::kAuto);
  EXPECT_TRUE(state->plan.empty());
}

TEST_F(SessionTest, NewestAndListTellOfTheWorkspace) {
  SessionStore store = Store();
  EXPECT_EQ(*store.Newest("/home/a/tide"), "");
  EXPECT_TRUE(store.List("")->empty());
  auto first = Begin(&store);
  Turn(first.file.get(), "first\nof all");
  auto other = Begin(&store, "/home/a/other");
  Turn(other.file.get(), "elsewhere");
  auto second = Begin(&store);
  Turn(second.file.get(), "second");
  const timespec times[] = {{.tv_sec = 2, .tv_nsec = 0},
                            {.tv_sec = 2, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, second.file->path().c_str(), times, 0), 0);
  EXPECT_EQ(*store.Newest("/home/a/tide"), first.file->id());
  auto list = store.List("/home/a/tide");
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].title, "first");
  EXPECT_EQ((*list)[0].messages, 4u);
  EXPECT_EQ((*list)[0].model, "model-x");
  EXPECT_EQ((*list)[1].id, second.file->id());
  EXPECT_EQ((*list)[1].changed_micros, 2'000'000);
  EXPECT_EQ(store.List("")->size(), 3u);
}

TEST_F(SessionTest, TheNumberOfMessagesIsFoundBehindALongLine) {
  SessionStore store = Store();
  for (size_t bytes : {1u, 4'000u, 5'000u, 600'000u}) {
    auto opened = Begin(&store, "/w" + std::to_string(bytes));
    ASSERT_TRUE(opened.file->AppendPrompt("a").ok());
    ASSERT_TRUE(opened.file->Append(Answer(std::string(bytes, 'x'))).ok());
    EXPECT_EQ(store.List(opened.file->workspace())->at(0).messages, 2u)
        << bytes;
  }
}

TEST_F(SessionTest, ThePrefixOfAnIdIsEnoughWhereOneHasIt) {
  SessionStore store = Store();
  auto first = Begin(&store);
  Turn(first.file.get(), "one");
  const std::string id = first.file->id();
  first.file.reset();
  EXPECT_TRUE(store.Open(id.substr(0, 4)).ok());
  EXPECT_EQ(store.Open(id.substr(0, 3)).error().code(), Code::kNotFound);
  EXPECT_EQ(store.Open("../../etc/passwd").error().code(), Code::kNotFound);
  EXPECT_EQ(store.Open("ZZZZZZ").error().code(), Code::kNotFound);
  auto second = Begin(&store);
  Turn(second.file.get(), "two");
  second.file.reset();
  EXPECT_EQ(store.Open(id.substr(0, 4)).error().code(), Code::kConflict);
  std::string lower = id;
  for (char& c : lower) c = static_cast<char>(tolower(c));
  EXPECT_EQ(store.Open(lower)->file->id(), id);
}

TEST_F(SessionTest, TheLongestLineIsKeptAndOneByteMoreIsRefused) {
  SessionStore store = Store({.line_bytes_max = 400});
  auto opened = Begin(&store);
  ASSERT_TRUE(opened.file->AppendPrompt("a").ok());
  const size_t frame =
      MessageLine(Answer(""), {}, 2, clock_.WallMicros()).size();
  ASSERT_TRUE(opened.file->Append(Answer(std::string(400 - frame, 'x'))).ok());
  EXPECT_EQ(
      opened.file->Append(Answer(std::string(401 - frame, 'x'))).error().code(),
      Code::kTooLarge);
  EXPECT_EQ(opened.file->messages(), 2u);
}

TEST_F(SessionTest, TheFileGrowsToItsLimitAndNoFurther) {
  SessionStore probe = Store();
  auto measured = Begin(&probe);
  Turn(measured.file.get(), "one");
  const auto size = std::filesystem::file_size(measured.file->path());
  SessionStore store = Store({.file_bytes_max = size});
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  EXPECT_EQ(opened.file->AppendMode(Mode::kPlan).error().code(),
            Code::kExhausted);
  SessionStore small = Store({.file_bytes_max = size - 1});
  auto refused = Begin(&small);
  ASSERT_TRUE(refused.file->AppendPrompt("one").ok());
}

TEST_F(SessionTest, AFullDiskIsAnErrorAndLosesNothingBeforeIt) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  const auto size = std::filesystem::file_size(opened.file->path());
  // The kernel takes a part of the line and no more, as a full disk does.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = size + 10;
  auto old = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Status refused = opened.file->AppendPrompt("two");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  EXPECT_EQ(std::filesystem::file_size(opened.file->path()), size);
  Turn(opened.file.get(), "two");
  const std::string id = opened.file->id();
  opened.file.reset();
  auto again = store.Open(id);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->state.messages.size(), 8u);
  EXPECT_TRUE(again->state.notes.empty());
}

TEST_F(SessionTest, ALaterVersionIsRefusedByName) {
  SessionStore store = Store();
  auto opened = Begin(&store);
  Turn(opened.file.get(), "one");
  const std::string path = opened.file->path();
  opened.file.reset();
  std::string text = *ReadFile(path, 1 << 20);
  text.replace(text.find("\"v\":1"), 5, "\"v\":2");
  ASSERT_TRUE(WriteFileAtomically(path, text, 0600).ok());
  SessionState state;
  auto file = SessionFile::Open(path, clock_, &state);
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message().find("v2"), std::string::npos);
}

// A second engine, naive: what the history should be after any steps.
TEST_F(SessionTest, RandomStepsComeToWhatAListOfMessagesComesTo) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom dice(seed);
    SessionStore store = Store();
    auto opened = Begin(&store, "/seed" + std::to_string(seed));
    std::vector<Message> naive;
    std::vector<std::vector<Message>> before_turn;
    for (int step = 0; step < 60; ++step) {
      SessionFile& file = *opened.file;
      const uint64_t what = dice.Below(10);
      if (what < 4 || before_turn.empty()) {
        before_turn.push_back(naive);
        naive.push_back({.text = "p" + std::to_string(step)});
        ASSERT_TRUE(file.AppendPrompt(naive.back().text).ok());
      } else if (what < 6) {
        naive.push_back(Answer("a" + std::to_string(step)));
        ASSERT_TRUE(file.Append(naive.back()).ok());
      } else if (what < 8) {
        const uint64_t from = dice.Below(naive.size() + 1);
        const uint64_t to = from + dice.Below(naive.size() - from + 1);
        std::vector<Message> put(dice.Below(3), Answer("summary"));
        ASSERT_TRUE(file.AppendReplace(from, to, put, "compaction").ok());
        auto at = naive.erase(naive.begin() + static_cast<ptrdiff_t>(from),
                              naive.begin() + static_cast<ptrdiff_t>(to));
        naive.insert(at, put.begin(), put.end());
      } else if (what < 9) {
        const uint64_t turn = 1 + dice.Below(before_turn.size());
        auto state = file.Rewind(turn, RewindOf::kBoth);
        ASSERT_TRUE(state.ok());
        naive = before_turn[turn - 1];
        before_turn.resize(turn - 1);
        EXPECT_EQ(state->messages, naive);
      } else {
        const std::string id = file.id();
        opened.file.reset();
        auto again = store.Open(id);
        ASSERT_TRUE(again.ok());
        opened = *std::move(again);
        ASSERT_EQ(opened.state.messages, naive) << seed << " " << step;
      }
      ASSERT_EQ(opened.file->messages(), naive.size());
    }
  }
}

}  // namespace
}  // namespace cofferdam::agent
