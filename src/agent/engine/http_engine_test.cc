#include "agent/engine/http_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "agent/engine/heard_testing.h"
#include "agent/engine/raw_engine_testing.h"

namespace cofferdam::agent {
namespace {

using End = RawAnswer::End;
using Kind = EngineFault::Kind;

constexpr std::string_view kText =
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n";
constexpr std::string_view kFinish =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all += part;
  return all;
}

std::unique_ptr<Engine> EngineAt(const std::string& url,
                                 EngineOptions options = {}) {
  options.url = url;
  if (options.model.empty()) options.model = "m";
  auto engine = MakeEngine(options);
  CHECK_OK(engine);
  return *std::move(engine);
}

Engine::Reply AskHi(Engine& engine, AnswerListener& listener,
                    std::stop_token stop = {}) {
  Message message;
  message.text = "Hi";
  EngineRequest request;
  request.system = "Be brief.";
  request.messages = std::span(&message, 1);
  return engine.Complete(request, listener, stop);
}

Engine::Reply AskHi(Engine& engine) {
  HeardAnswer heard;
  return AskHi(engine, heard);
}

// What the first answer of a fresh engine comes to.
Engine::Reply ReplyTo(RawAnswer answer, EngineOptions options = {}) {
  RawEngine raw({std::move(answer)});
  const auto engine = EngineAt(raw.url(), options);
  return AskHi(*engine);
}

TEST(HttpEngine, AsksAndReadsAStreamOverOneConnection) {
  const RawAnswer answer =
      StreamAnswer({Joined({kText}), Joined({kFinish, kDone})});
  RawEngine raw({answer, answer});
  EngineOptions options;
  options.key = "sk-1";
  options.headers = {{"x-own", "yes"}};
  const auto engine = EngineAt(raw.url(), options);
  for (int i = 0; i < 2; ++i) {
    HeardAnswer heard;
    const Engine::Reply reply = AskHi(*engine, heard);
    ASSERT_FALSE(reply.fault) << reply.fault->message;
    EXPECT_EQ(reply.answer.text, "Hello");
    EXPECT_EQ(heard.text, "Hello");
    EXPECT_EQ(reply.answer.finish, Finish::kStop);
    EXPECT_EQ(reply.answer.exchange, "01TEST");
  }
  EXPECT_EQ(raw.connections(), 1u);
  const std::string request = raw.requests()[0];
  EXPECT_TRUE(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_NE(request.find("authorization: Bearer sk-1\r\n"), std::string::npos);
  EXPECT_NE(request.find("x-own: yes\r\n"), std::string::npos);
}

TEST(HttpEngine, TheApiStandsUnderTheUrl) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "/v1/chat/completions"},
      {"/", "/v1/chat/completions"},
      {"/v1", "/v1/chat/completions"},
      {"/openai/v1/", "/openai/v1/chat/completions"},
      {"/v1/chat/completions", "/v1/chat/completions"}};
  for (const auto& [path, target] : cases) {
    RawEngine raw({StreamAnswer({Joined({kText, kFinish, kDone})})});
    const auto engine = EngineAt(raw.url() + path);
    EXPECT_FALSE(AskHi(*engine).fault);
    EXPECT_TRUE(raw.requests()[0].starts_with("POST " + target + " "))
        << raw.requests()[0];
  }
  RawEngine raw({WholeAnswer(404, "")});
  EngineOptions options;
  options.api = EngineApi::kResponses;
  AskHi(*EngineAt(raw.url(), options));
  EXPECT_TRUE(raw.requests()[0].starts_with("POST /v1/responses "));
}

TEST(HttpEngine, WhatCannotBeUsedIsRefusedAtOnce) {
  EngineOptions options;
  for (const char* url : {"", "host:80", "ftp://a", "http://u:p@a"}) {
    options.url = url;
    EXPECT_EQ(MakeEngine(options).error().code(), Code::kInvalid) << url;
  }
  options.url = "http://127.0.0.1:1";
  options.quirks.extra = "[]";
  EXPECT_EQ(MakeEngine(options).error().code(), Code::kInvalid);
  options.quirks.extra = "";
  options.key = "a\r\nb";
  EXPECT_EQ(MakeEngine(options).error().code(), Code::kInvalid);
  EXPECT_EQ(MakeEngine(options).error().message().find("a\r\nb"),
            std::string::npos);
}

TEST(HttpEngine, AJsonBodyAnswersAStreamingRequest) {
  const Engine::Reply reply = ReplyTo(
      WholeAnswer(200, R"( {"choices":[{"message":{"content":"Whole"}}]})",
                  "content-type: text/event-stream\r\n"));
  EXPECT_FALSE(reply.fault);
  EXPECT_EQ(reply.answer.text, "Whole");
}

TEST(HttpEngine, AnEndWithoutDoneOrAnEmptyLineIsAnEnd) {
  EXPECT_FALSE(ReplyTo(StreamAnswer({Joined({kText, kFinish})})).fault);
  EXPECT_FALSE(ReplyTo(StreamAnswer({Joined({kText}) + "data: [DONE]"})).fault);
}

TEST(HttpEngine, AnAnswerThatHasEndedDoesNotWaitForItsConnection) {
  // [DONE] is there, the chunks go on for ever.
  const Engine::Reply reply =
      ReplyTo(StreamAnswer({Joined({kText, kFinish, kDone})}, End::kHold));
  EXPECT_FALSE(reply.fault);
  EXPECT_EQ(reply.answer.text, "Hello");
}

TEST(HttpEngine, ALostStreamIsDroppedAndKeepsWhatCame) {
  for (const End end : {End::kClose, End::kReset}) {
    const Engine::Reply reply =
        ReplyTo(StreamAnswer({std::string(kText)}, end));
    ASSERT_TRUE(reply.fault);
    EXPECT_EQ(reply.fault->kind, Kind::kDropped);
  }
  EXPECT_EQ(
      ReplyTo(StreamAnswer({std::string(kText)}, End::kClose)).answer.text,
      "Hello");
  // After its last word it is whole all the same.
  EXPECT_FALSE(
      ReplyTo(StreamAnswer({Joined({kText, kFinish})}, End::kClose)).fault);
}

TEST(HttpEngine, AnEndThatNothingMarksIsBelievedTheSecondTime) {
  const RawAnswer unmarked = StreamAnswer({std::string(kText)});
  const RawAnswer marked = StreamAnswer({Joined({kText, kFinish})});
  {
    RawEngine raw({unmarked, unmarked});
    const auto engine = EngineAt(raw.url());
    EXPECT_EQ(AskHi(*engine).fault->kind, Kind::kDropped);
    EXPECT_FALSE(AskHi(*engine).fault);
  }
  // An engine that marks its ends has lost this one.
  RawEngine raw({marked, unmarked, unmarked});
  const auto engine = EngineAt(raw.url());
  EXPECT_FALSE(AskHi(*engine).fault);
  EXPECT_EQ(AskHi(*engine).fault->kind, Kind::kDropped);
  EXPECT_EQ(AskHi(*engine).fault->kind, Kind::kDropped);
}

TEST(HttpEngine, AnErrorStatusIsAFaultWithItsWords) {
  const Engine::Reply reply = ReplyTo(WholeAnswer(
      400, R"({"error":{"message":"exceeds the available context size",)"
           R"("n_ctx":512}})"));
  ASSERT_TRUE(reply.fault);
  EXPECT_EQ(reply.fault->kind, Kind::kContextTooLong);
  EXPECT_EQ(reply.fault->context_tokens, 512);
  // Of a longer one the beginning is read.
  const Engine::Reply huge =
      ReplyTo(WholeAnswer(502, std::string(kErrorBytesMax + 100, 'x')));
  EXPECT_EQ(huge.fault->kind, Kind::kOverloaded);
}

TEST(HttpEngine, WhatIsNoAnswerIsSaidToBeNone) {
  EXPECT_EQ(ReplyTo(WholeAnswer(200, "<html>Sign in</html>")).fault->kind,
            Kind::kBadAnswer);
  EXPECT_EQ(ReplyTo(WholeAnswer(200, R"({"hello":1})")).fault->kind,
            Kind::kBadAnswer);
  EXPECT_EQ(ReplyTo({{"SSH-2.0-x\r\n\r\n"}, End::kClose}).fault->kind,
            Kind::kBadAnswer);
  EXPECT_EQ(ReplyTo(WholeAnswer(200, "")).fault->kind, Kind::kDropped);
  EXPECT_EQ(ReplyTo({{}, End::kClose}).fault->kind, Kind::kUnreachable);
}

TEST(HttpEngine, NobodyThereIsUnreachable) {
  std::string url;
  {
    RawEngine raw({});
    url = raw.url();
  }
  const Engine::Reply reply = AskHi(*EngineAt(url));
  EXPECT_EQ(reply.fault->kind, Kind::kUnreachable);
  EXPECT_NE(reply.fault->message.find("127.0.0.1"), std::string::npos);
}

TEST(HttpEngine, SilenceIsStalledBeforeAndWithinTheAnswer) {
  EngineOptions options;
  options.first_byte_timeout_ms = 60;
  options.idle_timeout_ms = 60;
  EXPECT_EQ(ReplyTo({{}, End::kHold}, options).fault->kind, Kind::kStalled);
  EXPECT_EQ(ReplyTo(StreamAnswer({std::string(kText)}, End::kHold), options)
                .fault->kind,
            Kind::kStalled);
}

// Asks to stop as soon as it hears a word.
class Stopper : public HeardAnswer {
 public:
  explicit Stopper(std::stop_source& stop) : stop_(stop) {}
  void OnText(std::string_view piece) override {
    HeardAnswer::OnText(piece);
    stop_.request_stop();
  }

 private:
  std::stop_source& stop_;
};

TEST(HttpEngine, AStopClosesTheConnection) {
  RawEngine raw({StreamAnswer({std::string(kText)}, End::kHold),
                 StreamAnswer({Joined({kText, kFinish, kDone})})});
  const auto engine = EngineAt(raw.url());
  std::stop_source stop;
  Stopper stopper(stop);
  const Engine::Reply reply = AskHi(*engine, stopper, stop.get_token());
  EXPECT_EQ(reply.fault->kind, Kind::kCancelled);
  EXPECT_EQ(reply.answer.text, "Hello");
  // The next request goes on as if nothing had been.
  EXPECT_FALSE(AskHi(*engine).fault);
  EXPECT_EQ(raw.clients_gone(), 1u);
  // One that was stopped before it began sends nothing that is answered.
  EXPECT_EQ(AskHi(*engine, stopper, stop.get_token()).fault->kind,
            Kind::kCancelled);
}

TEST(HttpEngine, AStopFromAnotherThreadEndsAWaitForTheHead) {
  RawEngine raw({{{}, End::kHold}});
  const auto engine = EngineAt(raw.url());
  std::stop_source stop;
  std::thread other([&] {
    while (raw.requests().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  HeardAnswer heard;
  EXPECT_EQ(AskHi(*engine, heard, stop.get_token()).fault->kind,
            Kind::kCancelled);
  other.join();
}

TEST(HttpEngine, AnAnswerOfAllTheTokensAllowedWasCutWhateverTheEngineSays) {
  const std::string usage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
      "\"completion_tokens\":9}}\n\n";
  for (const int64_t limit : {9, 10}) {
    RawEngine raw({StreamAnswer({Joined({kText, kFinish}) + usage})});
    const auto engine = EngineAt(raw.url());
    EngineRequest request;
    request.output_tokens_max = limit;
    HeardAnswer heard;
    const Engine::Reply reply = engine->Complete(request, heard, {});
    EXPECT_EQ(reply.answer.finish,
              limit == 9 ? Finish::kLength : Finish::kStop);
  }
}

TEST(HttpEngine, AnAnswerLongerThanItsLimitIsCutOff) {
  const std::string chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"" +
                            std::string(size_t{1} << 20, 'a') + "\"}}]}\n\n";
  RawAnswer answer = StreamAnswer({}, End::kHold);
  for (size_t i = 0; i < 20; ++i) answer.pieces.push_back(ChunkOf(chunk));
  const Engine::Reply reply = ReplyTo(answer);
  ASSERT_TRUE(reply.fault);
  EXPECT_EQ(reply.fault->kind, Kind::kBadAnswer);
  EXPECT_LE(reply.answer.text.size(), kAnswerBytesMax);
}

TEST(HttpEngine, FactsAreAskedOnceAndOnlyWhenWanted) {
  RawEngine raw({StreamAnswer({Joined({kText, kFinish, kDone})}),
                 WholeAnswer(200, R"({"data":[{"id":"m","owned_by":"vllm",)"
                                  R"("max_model_len":4096}]})")});
  const auto engine = EngineAt(raw.url() + "/v1");
  EXPECT_FALSE(AskHi(*engine).fault);
  EXPECT_EQ(raw.requests().size(), 1u);
  EXPECT_EQ(engine->Facts({}).context_tokens, 4096);
  EXPECT_EQ(engine->Facts({}).engine, "vllm");
  EXPECT_EQ(raw.requests().size(), 2u);
  EXPECT_TRUE(raw.requests()[1].starts_with("GET /v1/models "));
}

TEST(HttpEngine, WithoutANameTheEnginesFirstModelIsAsked) {
  const RawAnswer answer = StreamAnswer({Joined({kText, kFinish, kDone})});
  RawEngine raw({WholeAnswer(200, R"({"data":[{"id":"own","owned_by":)"
                                  R"("vllm","max_model_len":9},{"id":"b"}]})"),
                 answer});
  EngineOptions options;
  options.url = raw.url();
  const auto engine = MakeEngine(options);
  ASSERT_TRUE(engine.ok());
  EXPECT_FALSE(AskHi(**engine).fault);
  EXPECT_NE(raw.requests()[1].find(R"({"model":"own")"), std::string::npos);
  EXPECT_EQ((*engine)->Facts({}).model, "own");
  EXPECT_EQ(raw.requests().size(), 2u);
}

TEST(HttpEngine, FactsAreAskedWhereTheApiStands) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "/v1/models /props "},
      {"/v1", "/v1/models /props "},
      {"/a/v1", "/a/v1/models /a/props "},
      {"/a/openai", "/a/openai/models /a/openai/props "}};
  for (const auto& [path, targets] : cases) {
    RawEngine raw({WholeAnswer(404, ""), WholeAnswer(404, "")});
    EXPECT_EQ(EngineAt(raw.url() + path)->Facts({}).engine, "");
    std::string asked;
    for (const std::string& request : raw.requests()) {
      asked += request.substr(4, request.find(' ', 4) - 3);
    }
    EXPECT_EQ(asked, targets);
  }
}

TEST(HttpEngine, FactsDoNotWaitLongerThanTheirDeadline) {
  RawEngine raw({{{}, End::kHold}});
  EngineOptions options;
  options.facts_timeout_ms = 50;
  const auto engine = EngineAt(raw.url(), options);
  EXPECT_EQ(engine->Facts({}).context_tokens, std::nullopt);
}

}  // namespace
}  // namespace cofferdam::agent
