#include "agent/engine/answer_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/engine/heard_testing.h"
#include "base/random.h"
#include "http/sse.h"

namespace cofferdam::agent {
namespace {

std::string Event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

// A chunk of a chat with this delta.
std::string Delta(std::string_view delta) {
  return Event(R"({"id":"x","model":"m","choices":[{"index":0,"delta":)" +
               std::string(delta) + "}]}");
}

std::string Calls(std::string_view calls) {
  return Delta(R"({"tool_calls":[)" + std::string(calls) + "]}");
}

struct Outcome {
  Engine::Reply reply;
  HeardAnswer heard;
  bool ended = false;
};

Outcome ReadStream(EngineApi api, std::string_view stream,
                   size_t piece = std::string_view::npos) {
  Outcome outcome;
  const auto reader = AnswerReader::Make(api, outcome.heard);
  http::SseParser events;
  while (!stream.empty()) {
    const std::string_view now = stream.substr(0, piece);
    stream.remove_prefix(now.size());
    events.Feed(now, [&](std::string_view name, std::string_view data) {
      reader->OnEvent(name, data);
    });
  }
  outcome.ended = reader->so_far().ended();
  outcome.reply = reader->so_far().Take();
  return outcome;
}

// "name id arguments|…", so that a test reads what came of the calls.
std::string CallsIn(const Outcome& outcome) {
  std::string all;
  for (const RawCall& call : outcome.reply.answer.calls) {
    if (!all.empty()) all += '|';
    all += call.name + ' ' + call.id + ' ' + call.arguments;
  }
  return all;
}

std::string ChatCalls(const std::string& stream) {
  const Outcome outcome = ReadStream(EngineApi::kChat, stream);
  EXPECT_FALSE(outcome.reply.fault) << outcome.reply.fault->message;
  EXPECT_EQ(outcome.heard.calls.size(), outcome.reply.answer.calls.size());
  return CallsIn(outcome);
}

TEST(ChatReader, TextReasoningFinishAndUsageComeInAnyPieces) {
  const std::string stream =
      ": ping\n\n" + Delta(R"({"role":"assistant","content":null})") +
      Delta(R"({"reasoning_content":"Hm"})") + Delta(R"({"reasoning":"m."})") +
      Delta(R"({"content":"Gr\u00fc"})") + Delta(R"({"content":"ße 👋"})") +
      Event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})") +
      Event(R"({"choices":[],"usage":{"prompt_tokens":10,)"
            R"("completion_tokens":4,"prompt_tokens_details":)"
            R"({"cached_tokens":6}}})") +
      Event("[DONE]");
  for (size_t piece = 1; piece < 80; ++piece) {
    const Outcome outcome = ReadStream(EngineApi::kChat, stream, piece);
    const EngineAnswer& answer = outcome.reply.answer;
    EXPECT_FALSE(outcome.reply.fault);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(answer.text, "Grüße 👋");
    EXPECT_EQ(answer.thinking, "Hmm.");
    EXPECT_EQ(outcome.heard.text, answer.text);
    EXPECT_EQ(outcome.heard.thinking, answer.thinking);
    EXPECT_EQ(answer.finish, Finish::kStop);
    EXPECT_EQ(answer.response_id, "x");
    EXPECT_EQ(answer.model, "m");
    EXPECT_EQ(answer.usage.input_tokens, 4);
    EXPECT_EQ(answer.usage.cache_read_tokens, 6);
    EXPECT_EQ(answer.usage.output_tokens, 4);
  }
}

TEST(ChatReader, HalvesOfACharacterInTwoDeltasAreJoined) {
  const Outcome outcome =
      ReadStream(EngineApi::kChat, Delta(R"({"content":"a\ud83d"})") +
                                       Delta(R"({"content":"\udc4bb"})") +
                                       Delta(R"({"content":"c\ud83d"})"));
  EXPECT_EQ(outcome.reply.answer.text, "a👋bc\uFFFD");
  EXPECT_EQ(outcome.heard.text, "a👋bc\uFFFD");
}

TEST(ChatReader, BytesThatAreNoUtf8DoNotLoseTheRest) {
  const Outcome outcome =
      ReadStream(EngineApi::kChat, Delta("{\"content\":\"a\xc3\"}") +
                                       Delta("{\"content\":\"b\"}"));
  EXPECT_EQ(outcome.reply.answer.text, "a\uFFFDb");
}

TEST(ChatReader, CallsComeAsOpenAiSendsThem) {
  EXPECT_EQ(
      ChatCalls(Calls(R"({"index":0,"id":"a","function":{"name":"read",)"
                      R"("arguments":""}})") +
                Calls(R"({"index":0,"function":{"arguments":"{\"p\":"}})") +
                Calls(R"({"index":1,"id":"b","function":{"name":"list",)"
                      R"("arguments":""}})") +
                Calls(R"({"index":0,"function":{"arguments":"1}"}})") +
                Calls(R"({"index":1,"function":{"arguments":"{}"}})")),
      "read a {\"p\":1}|list b {}");
}

TEST(ChatReader, CallsLackIndexAndId) {
  EXPECT_EQ(ChatCalls(Calls(R"({"function":{"name":"read",)"
                            R"("arguments":"{\"p\":"}})") +
                      Calls(R"({"function":{"arguments":"1}"}})") +
                      Calls(R"({"function":{"name":"read",)"
                            R"("arguments":"{'p':2}"}})") +
                      Calls(R"({"function":{"name":"read",)"
                            R"("arguments":"{}"}})")),
            "read  {\"p\":1}|read  {'p':2}|read  {}");
}

TEST(ChatReader, ANameThatComesWithEachPieceIsOneName) {
  const std::string one =
      Calls(R"({"function":{"name":"read","arguments":"{\"p\""}})") +
      Calls(R"({"function":{"name":"read","arguments":":\"}"}})") +
      Calls(R"({"function":{"name":"read","arguments":"\"}"}})");
  EXPECT_EQ(ChatCalls(one), "read  {\"p\":\"}\"}");
  EXPECT_EQ(ChatCalls(Calls(R"({"index":0,"id":"a","function":{"name":"read",)"
                            R"("arguments":"{\"p\":"}})") +
                      Calls(R"({"index":0,"id":"a","function":{"name":"read",)"
                            R"("arguments":"1}"}})")),
            "read a {\"p\":1}");
}

TEST(ChatReader, ANameMayComeInPieces) {
  EXPECT_EQ(ChatCalls(Calls(R"({"index":0,"id":"a","function":)"
                            R"({"name":"re"}})") +
                      Calls(R"({"index":0,"function":{"name":"ad"}})") +
                      Calls(R"({"index":0,"function":{"arguments":"{}"}})")),
            "read a {}");
}

TEST(ChatReader, CallsThatAllHaveIndex0AreToldApartByTheirIds) {
  EXPECT_EQ(ChatCalls(Calls(R"({"index":0,"id":"a","function":{"name":"read",)"
                            R"("arguments":"{}"}})") +
                      Calls(R"({"index":0,"id":"b","function":{"name":"read",)"
                            R"("arguments":"{}"}})") +
                      Calls(R"({"index":0,"id":"c","function":{"name":"list",)"
                            R"("arguments":""}})")),
            "read a {}|read b {}|list c ");
}

TEST(ChatReader, AnIdThatIsNewWithEachPieceIsOneCall) {
  EXPECT_EQ(ChatCalls(Calls(R"({"index":0,"id":"a","function":{"name":"read",)"
                            R"("arguments":""}})") +
                      Calls(R"({"index":0,"id":"b","function":)"
                            R"({"arguments":"{\"p\":"}})") +
                      Calls(R"({"index":0,"id":"c","function":)"
                            R"({"arguments":"1}"}})")),
            "read a {\"p\":1}");
}

TEST(ChatReader, ArgumentsMayBeAnObject) {
  EXPECT_EQ(ChatCalls(Calls(R"({"function":{"name":"read",)"
                            R"("arguments":{"p": 1}}})") +
                      Calls(R"({"function":{"name":"read",)"
                            R"("arguments":{"p": 2}}})") +
                      Calls(R"({"index":0,"id":"a","function":)"
                            R"({"name":"list","arguments":{}}})")),
            "read  {\"p\":1}|read  {\"p\":2}|list a {}");
}

TEST(ChatReader, TheOlderFormIsACall) {
  EXPECT_EQ(ChatCalls(Delta(R"({"function_call":{"name":"read",)"
                            R"("arguments":"{"}})") +
                      Delta(R"({"function_call":{"arguments":"}"}})")),
            "read  {}");
}

TEST(ChatReader, AWholeBodyIsAnAnswerToo) {
  HeardAnswer heard;
  const auto reader = AnswerReader::Make(EngineApi::kChat, heard);
  reader->OnBody(
      R"({"id":"x","choices":[{"message":{"content":"Hi","tool_calls":[)"
      R"({"function":{"name":"read","arguments":"{'a':"}},)"
      R"({"function":{"name":"read","arguments":{"p":1}}}]},)"
      R"("finish_reason":"tool_calls"}],"timings":{"cache_n":7,)"
      R"("prompt_n":3,"predicted_n":5}})");
  EXPECT_TRUE(reader->so_far().done());
  const Engine::Reply reply = reader->so_far().Take();
  ASSERT_FALSE(reply.fault);
  EXPECT_EQ(heard.text, "Hi");
  ASSERT_EQ(reply.answer.calls.size(), 2u);
  EXPECT_EQ(reply.answer.calls[0].arguments, "{'a':");
  EXPECT_EQ(reply.answer.calls[1].arguments, "{\"p\":1}");
  EXPECT_EQ(reply.answer.usage.cache_read_tokens, 7);
  EXPECT_EQ(reply.answer.usage.input_tokens, 3);
  EXPECT_EQ(reply.answer.usage.output_tokens, 5);
}

TEST(ChatReader, UsageIsFoundWhereverItStands) {
  for (const char* chunk :
       {R"({"choices":[{"delta":{},"usage":{"prompt_tokens":3,)"
        R"("completion_tokens":2}}]})",
        R"({"choices":[],"x_groq":{"usage":{"prompt_tokens":3,)"
        R"("completion_tokens":2}}})",
        R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":)"
        R"({"prompt_tokens":3,"completion_tokens":2}})"}) {
    const Outcome outcome = ReadStream(EngineApi::kChat, Event(chunk));
    EXPECT_EQ(outcome.reply.answer.usage.input_tokens, 3) << chunk;
    EXPECT_EQ(outcome.reply.answer.usage_source, wire::UsageSource::kReported);
  }
}

TEST(ChatReader, AnErrorInTheStreamIsAFaultAndKeepsWhatCameBefore) {
  for (const char* error :
       {R"({"error":{"code":500,"message":"Failed to parse input at pos 7"}})",
        R"({"error":"Failed to parse input at pos 7"})",
        R"({"object":"error","message":"Failed to parse input at pos 7"})"}) {
    const Outcome outcome = ReadStream(
        EngineApi::kChat, Delta(R"({"content":"Hi"})") + Event(error) +
                              Delta(R"({"content":"lost"})"));
    ASSERT_TRUE(outcome.reply.fault) << error;
    EXPECT_EQ(outcome.reply.fault->kind, EngineFault::Kind::kUnparsable);
    EXPECT_EQ(outcome.reply.answer.text, "Hi");
  }
}

TEST(ChatReader, AnAnswerThatTheEngineGaveUpIsNotDone) {
  for (std::string_view reason : {"abort", "error"}) {
    const Outcome outcome =
        ReadStream(EngineApi::kChat,
                   Delta(R"({"content":"Hal"})") +
                       Event(R"({"choices":[{"delta":{},"finish_reason":")" +
                             std::string(reason) + R"("}]})"));
    ASSERT_TRUE(outcome.reply.fault);
    EXPECT_EQ(outcome.reply.fault->kind, EngineFault::Kind::kDropped);
    EXPECT_EQ(outcome.reply.answer.text, "Hal");
  }
}

TEST(ChatReader, AnEventThatIsNoJsonIsAFaultAndASignOfLifeIsNot) {
  EXPECT_TRUE(
      ReadStream(EngineApi::kChat, Event(R"({"choices":[)")).reply.fault);
  EXPECT_FALSE(ReadStream(EngineApi::kChat, Event("ping")).reply.fault);
}

TEST(AnswerReader, ItsLimitsHoldAtTheLastByteAndTheLastCall) {
  const auto read = [](size_t bytes) {
    HeardAnswer heard;
    const auto reader = AnswerReader::Make(EngineApi::kChat, heard);
    reader->so_far().AddText(std::string(bytes, 'a'), false);
    return reader->so_far().Take().fault.has_value();
  };
  EXPECT_FALSE(read(kAnswerBytesMax));
  EXPECT_TRUE(read(kAnswerBytesMax + 1));
  const auto calls = [](size_t count) {
    std::string stream;
    for (size_t i = 0; i < count; ++i) {
      stream += Calls(R"({"index":)" + std::to_string(i) +
                      R"(,"function":{"name":"read","arguments":"{}"}})");
    }
    return ReadStream(EngineApi::kChat, stream).reply.fault.has_value();
  };
  EXPECT_FALSE(calls(kAnswerCallsMax));
  EXPECT_TRUE(calls(kAnswerCallsMax + 1));
}

std::string Named(std::string_view type, std::string_view rest) {
  return "event: " + std::string(type) + "\n" +
         Event(R"({"type":")" + std::string(type) + "\"" + std::string(rest) +
               "}");
}

TEST(ResponsesReader, AStreamOfItemsIsAnAnswer) {
  const std::string stream =
      Named("response.created", R"(,"response":{"id":"r1","model":"m"})") +
      Named("response.output_item.added",
            R"(,"output_index":0,"item":{"type":"reasoning","id":"rs"})") +
      Named("response.reasoning_text.delta", R"(,"delta":"Hm.")") +
      Named("response.output_text.delta", R"(,"delta":"Look.")") +
      Named("response.output_item.added",
            R"(,"output_index":1,"item":{"type":"function_call","id":"f1",)"
            R"("call_id":"c1","name":"read","arguments":""})") +
      Named("response.function_call_arguments.delta",
            R"(,"output_index":1,"item_id":"f1","delta":"{\"p\":")") +
      Named("response.function_call_arguments.delta",
            R"(,"output_index":1,"item_id":"f1","delta":"1}")") +
      Named("response.function_call_arguments.done",
            R"(,"output_index":1,"item_id":"f1","arguments":"{\"p\":1}")") +
      Named("response.completed",
            R"(,"response":{"id":"r1","status":"completed","output":[)"
            R"({"type":"message","content":[{"type":"output_text",)"
            R"("text":"Look."}]},{"type":"function_call","id":"f1",)"
            R"("call_id":"c1","name":"read","arguments":"{\"p\":1}"}],)"
            R"("usage":{"input_tokens":9,"output_tokens":3}})");
  for (size_t piece = 1; piece < 60; piece += 7) {
    const Outcome outcome = ReadStream(EngineApi::kResponses, stream, piece);
    ASSERT_FALSE(outcome.reply.fault);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(CallsIn(outcome), "read c1 {\"p\":1}");
    EXPECT_EQ(outcome.reply.answer.text, "Look.");
    EXPECT_EQ(outcome.reply.answer.thinking, "Hm.");
    EXPECT_EQ(outcome.reply.answer.finish, Finish::kToolCalls);
    EXPECT_EQ(outcome.reply.answer.usage.input_tokens, 9);
  }
}

TEST(ResponsesReader, AnswersThatComeOnlyAtTheEndAreRead) {
  const std::string whole =
      R"({"id":"r1","status":"incomplete","incomplete_details":)"
      R"({"reason":"max_output_tokens"},"error":null,"output":[)"
      R"({"type":"reasoning","summary":[{"text":"Hm."}]},)"
      R"({"type":"message","content":[{"type":"output_text","text":"Hi"}]},)"
      R"({"type":"function_call","name":"read","arguments":{"p":1}},)"
      R"({"type":"function_call","name":"list","arguments":"{"}]})";
  HeardAnswer heard;
  const auto reader = AnswerReader::Make(EngineApi::kResponses, heard);
  reader->OnBody(whole);
  EXPECT_TRUE(reader->so_far().done());
  Outcome body;
  body.reply = reader->so_far().Take();
  const Outcome stream =
      ReadStream(EngineApi::kResponses,
                 Named("response.incomplete", ",\"response\":" + whole));
  for (const Outcome* outcome :
       std::initializer_list<const Outcome*>{&body, &stream}) {
    EXPECT_FALSE(outcome->reply.fault);
    EXPECT_EQ(CallsIn(*outcome), "read  {\"p\":1}|list  {");
    EXPECT_EQ(outcome->reply.answer.text, "Hi");
    EXPECT_EQ(outcome->reply.answer.thinking, "Hm.");
    EXPECT_EQ(outcome->reply.answer.finish, Finish::kLength);
  }
}

TEST(ResponsesReader, AResponseThatFailedIsAFault) {
  const Outcome outcome =
      ReadStream(EngineApi::kResponses,
                 Named("response.failed",
                       R"(,"response":{"status":"failed","error":{"code":)"
                       R"("context_length_exceeded","message":"too long"}})"));
  ASSERT_TRUE(outcome.reply.fault);
  EXPECT_EQ(outcome.reply.fault->kind, EngineFault::Kind::kContextTooLong);
}

// How an engine writes calls, as far as their meaning stays certain.
struct Dialect {
  enum class Index { kOwn, kNone, kZero } index;
  enum class Id { kFirst, kEach, kNone, kNewEach } id;
  bool name_each;
  bool whole;   // a call in one piece
  bool object;  // its arguments as an object, so whole
};

Dialect DialectFrom(SeededRandom& random) {
  Dialect dialect{};
  dialect.index = static_cast<Dialect::Index>(random.Below(3));
  dialect.id = static_cast<Dialect::Id>(random.Below(4));
  dialect.name_each = random.Below(2) == 0;
  dialect.object = random.Below(4) == 0;
  dialect.whole = dialect.object || random.Below(4) == 0;
  // Ids that mean nothing are only understood where an index does.
  if (dialect.id == Dialect::Id::kNewEach) {
    dialect.index = Dialect::Index::kOwn;
  }
  return dialect;
}

std::string RandomArguments(SeededRandom& random) {
  static constexpr std::string_view kPieces[] = {
      "{", "}", "\"", "\\", "[", ",", "a", " ", "\n", "\u00e4", "\U0001f44b"};
  JsonWriter out;
  out.BeginObject();
  for (uint64_t i = 0; i < random.Below(4); ++i) {
    std::string value;
    for (uint64_t j = 0; j < random.Below(12); ++j) {
      value += kPieces[random.Below(std::size(kPieces))];
    }
    out.Key("k" + std::to_string(i));
    if (random.Below(3) == 0) {
      out.BeginObject().Field("in", value).EndObject();
    } else {
      out.String(value);
    }
  }
  out.EndObject();
  return std::move(out).Take();
}

// One piece of a call as that engine writes it.
std::string PieceOf(const Dialect& dialect, const RawCall& call, size_t number,
                    size_t at, std::string_view text, SeededRandom& random) {
  JsonWriter out;
  out.BeginObject();
  if (dialect.index != Dialect::Index::kNone) {
    const bool own = dialect.index == Dialect::Index::kOwn;
    out.Field("index", own ? static_cast<uint64_t>(number) : uint64_t{0});
  }
  if (dialect.id == Dialect::Id::kNewEach) {
    out.Field("id", at == 0 ? call.id : std::to_string(random.Next()));
  } else if (dialect.id == Dialect::Id::kEach ||
             (dialect.id == Dialect::Id::kFirst && at == 0)) {
    out.Field("id", call.id);
  }
  out.Key("function").BeginObject();
  if (at == 0 || dialect.name_each) out.Field("name", call.name);
  out.Key("arguments");
  if (dialect.object) {
    out.Raw(call.arguments);
  } else {
    out.String(text);
  }
  out.EndObject().EndObject();
  return Calls(out.text());
}

TEST(ChatReader, CallsAreReadInEveryDialectWhoseMeaningIsCertain) {
  SeededRandom random(11);
  for (int round = 0; round < 3000; ++round) {
    const Dialect dialect = DialectFrom(random);
    std::string stream;
    std::string expected;
    for (size_t number = 0; number < 1 + random.Below(4); ++number) {
      const RawCall call{"id" + std::to_string(number),
                         random.Below(2) == 0 ? "read" : "list",
                         RandomArguments(random)};
      std::string_view rest = call.arguments;
      for (size_t at = 0; at == 0 || !rest.empty(); ++at) {
        size_t size = dialect.whole ? rest.size() : 1 + random.Below(9);
        size = std::min(size, rest.size());
        // JSON is cut between characters.
        while (size < rest.size() && (rest[size] & 0xc0) == 0x80) ++size;
        stream +=
            PieceOf(dialect, call, number, at, rest.substr(0, size), random);
        rest.remove_prefix(size);
      }
      if (!expected.empty()) expected += '|';
      expected += call.name + ' ' +
                  (dialect.id == Dialect::Id::kNone ? "" : call.id) + ' ' +
                  call.arguments;
    }
    ASSERT_EQ(ChatCalls(stream), expected) << stream;
  }
}

// What a reader makes of bytes must not depend on what they are: no crash, and
// what was shown is what is kept.
TEST(AnswerReader, AnyBytesEndInAnAnswerOrAFault) {
  SeededRandom random(3);
  const std::string seeds =
      Calls(
          R"({"index":0,"id":"a","function":{"name":"r","arguments":"{}"}})") +
      Delta(R"({"content":"\ud83d\udc4b"})") +
      Named("response.output_item.done",
            R"(,"item":{"type":"function_call","arguments":{}})") +
      Event(R"({"choices":[{"delta":{"tool_calls":[{}]}}],"usage":{}})");
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = seeds;
    for (uint64_t i = 0; i < 1 + random.Below(6); ++i) {
      const size_t at = random.Below(bytes.size());
      if (random.Below(2) == 0) {
        bytes[at] = static_cast<char>(random.Next());
      } else {
        bytes.erase(at, random.Below(9));
      }
    }
    for (const EngineApi api : {EngineApi::kChat, EngineApi::kResponses}) {
      const Outcome outcome = ReadStream(api, bytes, 1 + random.Below(99));
      EXPECT_EQ(outcome.heard.text, outcome.reply.answer.text);
      EXPECT_TRUE(IsUtf8(outcome.reply.answer.text));
    }
  }
}

}  // namespace
}  // namespace cofferdam::agent
