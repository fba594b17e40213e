#include "agent/acp/json_rpc.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace cofferdam::agent {
namespace {

// The kind of a line, its id and what is said of it.
std::string Read(std::string_view line) {
  const RpcLine read = ReadRpcLine(line);
  if (const auto* request = std::get_if<RpcRequest>(&read.message))
    return "request " + request->id + " " + std::string(request->method);
  if (const auto* note = std::get_if<RpcNotification>(&read.message))
    return "notification " + std::string(note->method);
  if (const auto* response = std::get_if<RpcResponse>(&read.message)) {
    return "response " + response->id +
           (response->error.present() ? " error" : " result");
  }
  if (const auto* bad = std::get_if<RpcBadMessage>(&read.message))
    return RpcErrorLine(bad->id, bad->error).substr(17);
  return "nothing";
}

TEST(JsonRpcTest, RequestsKeepTheirIdAsItIsWritten) {
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{}})"),
            "request 7 m");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":"a\"b","method":"m"})"),
            R"(request "a\"b" m)");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":null,"method":"m"})"),
            "request null m");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":"7","method":"m"})"),
            R"(request "7" m)");
}

TEST(JsonRpcTest, WhatHasNoIdAsksForNoAnswer) {
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","method":"m"})"), "notification m");
}

TEST(JsonRpcTest, ResponsesHaveAResultOrAnError) {
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":1,"result":null})"),
            "response 1 result");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})"),
            "response 1 error");
}

TEST(JsonRpcTest, AMalformedResponseIsNeverAnswered) {
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":1})"), "nothing");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})"),
            "nothing");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":{},"result":1})"), "nothing");
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","result":1})"), "nothing");
}

TEST(JsonRpcTest, WhatIsNoJsonIsAParseError) {
  for (const char* line : {"{", "nonsense", "{\"a\":}", "\xff\xfe", "{}{}"})
    EXPECT_EQ(Read(line).find(R"("id":null,"error":{"code":-32700,)"), 0U)
        << line << ": " << Read(line);
}

TEST(JsonRpcTest, NestingBeyondTheLimitIsAParseError) {
  const auto nested = [](size_t depth) {
    return R"({"jsonrpc":"2.0","method":"m","params":)" +
           std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(Read(nested(JsonDocument::kDepthMax - 1)), "notification m");
  EXPECT_NE(Read(nested(JsonDocument::kDepthMax)).find("-32700"),
            std::string::npos);
}

TEST(JsonRpcTest, JsonThatIsNoMessageIsAnInvalidRequest) {
  for (const char* line :
       {"7", "null", "\"a\"", "[]", R"([{"jsonrpc":"2.0","method":"m"}])", "{}",
        R"({"method":"m"})", R"({"jsonrpc":"1.0","method":"m"})",
        R"({"jsonrpc":"2.0","method":7})",
        R"({"jsonrpc":"2.0","id":1.5,"method":"m"})",
        R"({"jsonrpc":"2.0","id":[],"method":"m"})"})
    EXPECT_EQ(Read(line).find(R"("id":null,"error":{"code":-32600,)"), 0U)
        << line << ": " << Read(line);
}

TEST(JsonRpcTest, AnInvalidRequestWithAnIdIsAnsweredWithIt) {
  EXPECT_EQ(Read(R"({"id":3,"method":"m"})").find(R"("id":3,"error":)"), 0U);
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":3,"method":[]})")
                .find(R"("id":3,"error":)"),
            0U);
}

TEST(JsonRpcTest, LinesHoldNoLineBreak) {
  EXPECT_EQ(RpcNotificationLine("m", R"({"a":"b\nc"})"),
            R"({"jsonrpc":"2.0","method":"m","params":{"a":"b\nc"}})");
  EXPECT_EQ(RpcRequestLine("1", "m", "{}"),
            R"({"jsonrpc":"2.0","id":1,"method":"m","params":{}})");
  EXPECT_EQ(RpcResultLine("\"a\"", "{}"),
            R"({"jsonrpc":"2.0","id":"a","result":{}})");
  EXPECT_EQ(
      RpcErrorLine("null", {RpcError::Code::kInternal, "a\nb"}),
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"a\nb"}})");
}

TEST(JsonRpcTest, CodesSayWhatCanBeDone) {
  const auto code = [](Code of) {
    return static_cast<int>(RpcErrorOf(Error(of, "")).code);
  };
  EXPECT_EQ(code(Code::kInvalid), -32602);
  EXPECT_EQ(code(Code::kTooLarge), -32602);
  EXPECT_EQ(code(Code::kNotFound), -32002);
  EXPECT_EQ(code(Code::kUnauthenticated), -32000);
  EXPECT_EQ(code(Code::kUnavailable), -32603);
}

}  // namespace
}  // namespace cofferdam::agent
