#include "cli/adoption_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

JsonDocument Parsed(const std::string& json) {
  auto document = JsonDocument::Parse(json);
  CHECK_OK(document);
  return *std::move(document);
}

std::string Share(const std::string& least, const std::string& most) {
  return ShareText(
      Parsed("{\"least\":" + least + ",\"most\":" + most + "}").root());
}

std::string Engineers(int all, int least, int most) {
  return EngineersText(
      Parsed("{\"engineers\":" + std::to_string(all) +
             ",\"engineers_above\":{\"least\":" + std::to_string(least) +
             ",\"most\":" + std::to_string(most) + "}}")
          .root());
}

TEST(AdoptionPage, ShowsARangeOnlyWhereThereIsOne) {
  EXPECT_EQ(Share("0.41", "0.63"), "41–63 %");
  EXPECT_EQ(Share("0.414", "0.406"), "41 %");
  EXPECT_EQ(Share("1", "1"), "100 %");
}

TEST(AdoptionPage, TellsOneEngineerInWords) {
  EXPECT_EQ(Engineers(8, 3, 5), "3–5 of 8");
  EXPECT_EQ(Engineers(8, 3, 3), "3 of 8");
  EXPECT_EQ(Engineers(1, 1, 1), "yes");
  EXPECT_EQ(Engineers(1, 0, 0), "no");
  EXPECT_EQ(Engineers(1, 0, 1), "perhaps");
  EXPECT_EQ(Engineers(0, 0, 0), "-");
}

constexpr char kSums[] =
    "\"lines\":{\"model\":60,\"mixed\":10,\"human\":20,\"unknown\":10},"
    "\"with_models\":{\"least\":0.7,\"most\":0.8},\"engineers\":20,"
    "\"engineers_above\":{\"least\":13,\"most\":14},\"settled\":{},"
    "\"left_out\":1200";

std::string Report(const std::string& more = "") {
  return std::string("{\"from\":\"2026-06-01\",\"to\":\"2026-11-21\",") +
         "\"threshold\":75,\"repos\":[{\"repo\":\"a<b\"}],\"rows\":[{" +
         "\"team\":\"<red & co>\"," + kSums + "}],\"total\":{" + kSums + "}" +
         more + "}";
}

TEST(AdoptionPage, SaysTheShareOfEngineersInASentence) {
  const auto words = AdoptionWords(Parsed(Report()));
  EXPECT_THAT(words, Contains("65 % to 70 % of 20 engineers write at least "
                              "75 % of their committed lines with models; of "
                              "all lines it is 70–80 %."));
  EXPECT_THAT(words, Contains(HasSubstr("nobody knows who wrote them")));
  EXPECT_THAT(words, Contains("Left out: 1,200 lines of generated and vendored "
                              "files."));
  EXPECT_THAT(words, Not(Contains(HasSubstr("fewer than five"))));
  EXPECT_THAT(AdoptionWords(Parsed(Report(",\"withheld\":true"))),
              Contains(HasSubstr("fewer than five")));
}

TEST(AdoptionPage, HoldsNamesAsTextAndNoScript) {
  AdoptionPage page;
  page.Add("team", Parsed(Report()));
  const std::string html = page.Html();
  EXPECT_THAT(html, HasSubstr("&lt;red &amp; co&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<red")));
  EXPECT_THAT(html, HasSubstr("a&lt;b"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("<svg"));
}

}  // namespace
}  // namespace cofferdam::cli
