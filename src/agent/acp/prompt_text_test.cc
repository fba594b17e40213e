#include "agent/acp/prompt_text.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::agent {
namespace {

std::string Text(const std::string& blocks) {
  const auto document = JsonDocument::Parse("{\"prompt\":" + blocks + "}");
  if (!document.ok()) return "no JSON";
  const auto text = PromptText((*document)["prompt"], "/home/a/repo");
  return text.ok() ? *text : "error: " + text.error().message();
}

TEST(PromptTextTest, TextFollowsTextAsItIs) {
  EXPECT_EQ(Text(R"([{"type":"text","text":"a "},{"type":"text","text":"b"}])"),
            "a b");
}

TEST(PromptTextTest, FilesAreNamedByTheirPathInsideTheWorkspace) {
  EXPECT_EQ(
      Text(
          R"([{"type":"text","text":"See "},{"type":"resource_link","name":"x y.cc","uri":"file:///home/a/repo/src/x%20y.cc"},{"type":"text","text":"!"}])"),
      "See @src/x y.cc!");
  EXPECT_EQ(
      Text(
          R"([{"type":"resource_link","name":"x","uri":"file:///home/a/repository/x#L3:9"}])"),
      "@/home/a/repository/x#L3:9");
}

TEST(PromptTextTest, OtherResourcesAreNamedByNameAndAddress) {
  EXPECT_EQ(
      Text(
          R"([{"type":"resource_link","name":"Issue","uri":"https://a.example/1"}])"),
      "Issue (https://a.example/1)");
}

TEST(PromptTextTest, WhatIsEmbeddedFollowsInAFenceThatItCannotClose) {
  EXPECT_EQ(
      Text(
          R"([{"type":"resource","resource":{"uri":"file:///home/a/repo/a.md","text":"```\nx\n```"}},{"type":"text","text":" is odd"}])"),
      "@a.md is odd\n\n@a.md, as it stands in the user's editor:\n"
      "````\n```\nx\n```\n````");
}

TEST(PromptTextTest, BytesAreToldOfAndNotShown) {
  EXPECT_EQ(
      Text(
          R"([{"type":"resource","resource":{"uri":"file:///home/a/repo/a.png","blob":"AAAA"}}])"),
      "@a.png\n\n@a.png was sent as bytes, which cannot be shown here.");
}

TEST(PromptTextTest, WhatWasNotOfferedIsRefusedByItsPlace) {
  EXPECT_EQ(
      Text(
          R"([{"type":"text","text":"a"},{"type":"image","data":"","mimeType":"image/png"}])"),
      "error: prompt[1]: image is not among this agent's promptCapabilities");
  EXPECT_EQ(Text(R"([{"type":"audio","data":"","mimeType":"audio/wav"}])"),
            "error: prompt[0]: audio is not among this agent's "
            "promptCapabilities");
}

TEST(PromptTextTest, MalformedBlocksAreNamed) {
  EXPECT_EQ(Text("7"), "error: \"prompt\" is not a list of blocks");
  EXPECT_EQ(Text("[7]"), "error: prompt[0]: unknown \"type\"");
  EXPECT_EQ(Text(R"([{"type":"text"}])"),
            "error: prompt[0]: \"text\" is missing");
  EXPECT_EQ(Text(R"([{"type":"resource_link","name":"a"}])"),
            "error: prompt[0]: \"uri\" is missing");
  EXPECT_EQ(Text(R"([{"type":"resource_link","uri":"file:///a"}])"),
            "error: prompt[0]: \"name\" is missing");
  EXPECT_EQ(Text(R"([{"type":"resource"}])"),
            "error: prompt[0]: \"resource.uri\" is missing");
  EXPECT_EQ(Text(R"([{"type":"resource","resource":{"uri":"file:///a"}}])"),
            "error: prompt[0]: \"resource\" has neither text nor blob");
}

TEST(PromptTextTest, APromptThatSaysNothingIsRefused) {
  EXPECT_EQ(Text("[]"), "error: \"prompt\" says nothing");
  EXPECT_EQ(Text(R"([{"type":"text","text":" \n"}])"),
            "error: \"prompt\" says nothing");
}

TEST(PromptTextTest, PathsOfUrisAreDecodedAndOtherAddressesAreNone) {
  EXPECT_EQ(FilePathOfUri("file:///a%2Fb%c3%a4%zz%2"), "/a/b\xc3\xa4%zz%2");
  EXPECT_EQ(FilePathOfUri("file://localhost/a?x=1#L2"), "/a#L2");
  EXPECT_EQ(FilePathOfUri("file://other/a"), "");
  EXPECT_EQ(FilePathOfUri("https://a.example"), "");
}

}  // namespace
}  // namespace cofferdam::agent
