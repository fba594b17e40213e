#include "agent/turn/setback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/turn/turn_testing.h"

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;
using Kind = EngineFault::Kind;

constexpr Setback kAll[] = {
    Setback::kUnreachable, Setback::kDropped,        Setback::kStalled,
    Setback::kUnparsable,  Setback::kContextTooLong, Setback::kNoRoomToAnswer,
    Setback::kRateLimited, Setback::kOverloaded,     Setback::kBadRequest,
    Setback::kBadAnswer,   Setback::kEmptyAnswer,    Setback::kCutText,
    Setback::kCutCall,     Setback::kLooksLikeCall,  Setback::kRunawayText};

TEST(SetbackTest, EveryKindIsTriedAgainAFewTimesAndThenGivenUp) {
  for (Setback setback : kAll) {
    EXPECT_TRUE(RemedyFor(setback, 1).has_value()) << SetbackName(setback);
    EXPECT_FALSE(RemedyFor(setback, 0).has_value());
    EXPECT_FALSE(RemedyFor(setback, 6).has_value()) << SetbackName(setback);
  }
}

TEST(SetbackTest, NoFaultEverMakesAnEndlessTurn) {
  for (Kind kind :
       {Kind::kUnreachable, Kind::kDropped, Kind::kStalled, Kind::kUnparsable,
        Kind::kRateLimited, Kind::kOverloaded, Kind::kBadRequest,
        Kind::kBadAnswer, Kind::kRefused, Kind::kContextTooLong}) {
    TurnStage stage;
    for (int i = 0; i < 50; ++i) stage.engine->Fail(kind, "no luck");
    TurnResult result = stage.Prompt("Go");
    EXPECT_EQ(result.end, kind == Kind::kRefused ? TurnEnd::kRefused
                                                 : TurnEnd::kEngineFault);
    EXPECT_NE(result.why, "");
    EXPECT_LE(stage.engine->sent.size(), 6u);
  }
}

// As vLLM and SGLang refuse what could grow beyond their context.
EngineFault NoRoom(int64_t context) {
  EngineFault fault;
  fault.kind = Kind::kContextTooLong;
  fault.message = "prompt and max_tokens are too much";
  fault.status = 400;
  fault.context_tokens = context;
  return fault;
}

TEST(SetbackTest, WhereOnlyTheAnswerHasNoRoomItsLimitGivesWay) {
  TurnStage stage;
  stage.parts.model.output_tokens_max = 32'768;
  stage.engine->Add({{}, NoRoom(8192)});
  stage.engine->Say("Hello.");
  EXPECT_EQ(stage.Prompt("Hi").end, TurnEnd::kDone);
  ASSERT_EQ(stage.engine->sent.size(), 2u);
  EXPECT_EQ(stage.engine->sent[0].output_tokens_max, 32'768);
  EXPECT_LT(*stage.engine->sent[1].output_tokens_max, 8192);
  EXPECT_GT(*stage.engine->sent[1].output_tokens_max, 7000);
  // The history is as it was, and what was learned stays.
  EXPECT_EQ(stage.engine->sent[1].messages, stage.engine->sent[0].messages);
  EXPECT_EQ(stage.Prompt("And now?").end, TurnEnd::kDone);
  EXPECT_LT(*stage.engine->sent[2].output_tokens_max, 8192);
}

TEST(SetbackTest, WhereTheSmallerLimitIsRefusedTooTheHistoryGivesWay) {
  TurnStage stage;
  stage.parts.model.output_tokens_max = 32'768;
  stage.prefix_changes_max = 5;
  for (int i = 0; i < 8; ++i) stage.engine->Add({{}, NoRoom(8192)});
  TurnResult result = stage.Prompt("Hi");
  EXPECT_EQ(result.end, TurnEnd::kEngineFault);
  EXPECT_LE(stage.engine->sent.size(), 6u);
}

TEST(SetbackTest, AnAnswerMayTakeWhatRemainsOfTheContext) {
  TurnStage stage;
  stage.parts.model.output_tokens_max = 6000;
  stage.engine->facts.context_tokens = 16'384;
  stage.tools["read"]->run = [](const std::string&) {
    ToolOutcome outcome;
    outcome.text = std::string(32'000, 'x');
    return outcome;
  };
  stage.engine->Call("read", R"({"path":"a"})");
  EXPECT_EQ(stage.Prompt("Read a").end, TurnEnd::kDone);
  EXPECT_EQ(stage.engine->sent[0].output_tokens_max, 6000);
  const int64_t tokens =
      static_cast<int64_t>(static_cast<double>(stage.engine->sent[1].bytes) /
                           TokenEstimate::kBytesPerTokenAtFirst);
  EXPECT_LT(*stage.engine->sent[1].output_tokens_max, 16'384 - tokens);
  EXPECT_GE(*stage.engine->sent[1].output_tokens_max, 4000);
}

TEST(SetbackTest, KindsThatTakeTurnsEndAtTheLimitOfAllOfThem) {
  TurnStage stage;
  for (int i = 0; i < 60; ++i) {
    stage.engine->Fail(Kind::kDropped);
    stage.engine->Call("read", R"({"path":")" + std::to_string(i) + "\"}");
  }
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kEngineFault);
  EXPECT_EQ(stage.engine->sent.size(), 2u * kSetbacksPerTurnMax + 1);
}

TEST(SetbackTest, WhatTheEngineCouldNotReadIsAskedForColderThenInOtherWords) {
  TurnStage stage;
  stage.engine->Call("read", R"({"path":"a"})");
  for (int i = 0; i < 3; ++i) stage.engine->Fail(Kind::kUnparsable);
  stage.prefix_changes_max = 1;  // the calls become words
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kDone);
  ASSERT_EQ(stage.engine->sent.size(), 5u);
  EXPECT_EQ(stage.engine->sent[2].sampling.temperature, 0.2);
  EXPECT_EQ(stage.engine->sent[2].messages.size(), 3u);
  EXPECT_THAT(stage.engine->sent[3].messages.back().note,
              HasSubstr("could not be read"));
  EXPECT_THAT(stage.engine->sent[4].messages.back().note,
              HasSubstr("read a (1)"));
}

TEST(SetbackTest, RetryAfterIsWaitedForUnlessItIsTooLong) {
  TurnStage stage;
  Engine::Reply reply;
  reply.fault = EngineFault{Kind::kRateLimited, "slow down", 429, 7000};
  stage.engine->Add(reply);
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kDone);
  EXPECT_EQ(stage.waits, std::vector<int64_t>{7000});
  reply.fault->retry_after_ms = kRetryAfterMsMax;
  stage.engine->Add(reply);
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kDone);
  reply.fault->retry_after_ms = kRetryAfterMsMax + 1;
  stage.engine->Add(reply);
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kEngineFault);
}

TEST(SetbackTest, ADroppedStreamIsAskedAnewAndWhoListenedIsTold) {
  TurnStage stage;
  Engine::Reply reply;
  reply.answer.text = "I will";
  reply.fault = EngineFault{Kind::kDropped, "the stream ended early"};
  stage.engine->Add(reply);
  stage.engine->Say("I will read it.");
  TurnResult result = stage.Prompt("Go");
  EXPECT_EQ(result.text, "I will read it.");
  EXPECT_EQ(stage.observer.dropped.size(), 1u);
  EXPECT_EQ(stage.conversation().history().size(), 2u);
}

TEST(SetbackTest, AnEmptyAnswerIsNudgedAndThenGivenUp) {
  TurnStage stage;
  for (int i = 0; i < 9; ++i) stage.engine->Say("");
  TurnResult result = stage.Prompt("Go");
  EXPECT_EQ(result.end, TurnEnd::kEngineFault);
  EXPECT_EQ(stage.engine->sent.size(), 3u);
  EXPECT_THAT(stage.engine->sent[2].messages.back().note, HasSubstr("empty"));
}

TEST(SetbackTest, WordsThatLookLikeACallAreNudgedOnceThenSaid) {
  TurnStage stage;
  std::string text =
      "I would run:\n```\n<tool_call>{\"name\":\"read\","
      "\"arguments\":{\"path\":\"a\"}}</tool_call>\n```";
  stage.engine->Say(text);
  stage.engine->Say(text);
  TurnResult result = stage.Prompt("Go");
  EXPECT_EQ(result.end, TurnEnd::kUnexecuted);
  EXPECT_EQ(stage.engine->sent.size(), 2u);
  EXPECT_EQ(stage.tools["read"]->runs, 0);
}

TEST(SetbackTest, ACutAnswerGoesOnAndIsGivenUpAtLast) {
  TurnStage stage;
  for (int i = 0; i < 9; ++i) {
    Engine::Reply reply;
    reply.answer.text = "Part " + std::to_string(i);
    reply.answer.finish = Finish::kLength;
    stage.engine->Add(reply);
  }
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kOutputLimit);
  EXPECT_EQ(stage.engine->sent.size(), 3u);
}

TEST(SetbackTest, ACutCallIsNeverRun) {
  TurnStage stage;
  for (int i = 0; i < 9; ++i) {
    Engine::Reply reply;
    reply.answer.calls = {{"", "edit", R"({"path":"a)" + std::to_string(i)}};
    reply.answer.finish = Finish::kLength;
    stage.engine->Add(reply);
  }
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kOutputLimit);
  EXPECT_EQ(stage.tools["edit"]->runs, 0);
}

TEST(SetbackTest, AModelThatCannotStopIsCutOff) {
  TurnStage stage;
  std::string text;
  while (text.size() < 3 * kRunawayBytes) text += "and again ";
  for (int i = 0; i < 9; ++i) stage.engine->Say(text);
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kLoop);
  EXPECT_EQ(stage.engine->sent.size(), 3u);
}

TEST(SetbackTest, ARequestThatIsNotTakenIsSentAgainWithoutItsExtras) {
  TurnStage stage;
  stage.parts.model.sampling.top_k = 20;
  stage.engine->Fail(Kind::kBadRequest, "unknown field top_k");
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kDone);
  EXPECT_EQ(stage.engine->sent[0].sampling.top_k, 20);
  EXPECT_FALSE(stage.engine->sent[1].sampling.top_k.has_value());
}

}  // namespace
}  // namespace cofferdam::agent
