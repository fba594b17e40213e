// docs/formats/segment.md shows a whole segment as hexadecimal and the
// manifest that names it. Both are read here, and written again.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "fingerprint/index.h"
#include "fingerprint/segment_testing.h"

namespace cofferdam::fingerprint {
namespace {

constexpr std::string_view kText = "def f(a, b): return a * (b + 1)";

// The last block of the page that begins with ```KIND.
std::string Block(std::string_view kind) {
  const Result<std::string> page = ReadFile(COFFERDAM_SEGMENT_PAGE, 1 << 20);
  CHECK_OK(page);
  const std::string open = "```" + std::string(kind) + "\n";
  const size_t begin = page->rfind(open);
  CHECK(begin != std::string::npos);
  const size_t from = begin + open.size();
  return page->substr(from, page->find("```", from) - from);
}

// Lines "OFFSET: HEX"; what no line gives is zero.
std::string Bytes(std::string_view block) {
  std::string bytes;
  while (!block.empty()) {
    const size_t end = std::min(block.find('\n'), block.size() - 1);
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end + 1);
    std::string digits;
    for (const char c : line.substr(line.find(':') + 1)) {
      if (c != ' ') digits.push_back(c);
    }
    bytes.resize(std::stoul(std::string(line), nullptr, 16));
    const auto read = FromHex(digits);
    CHECK(read.has_value());
    bytes.append(read->begin(), read->end());
  }
  return bytes;
}

std::string Dump(std::string_view bytes) {
  std::string block;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = bytes.substr(at, 16);
    const bool last = at + 16 >= bytes.size();
    if (!last && row.find_first_not_of('\0') == std::string_view::npos)
      continue;
    char offset[8];
    std::snprintf(offset, sizeof offset, "%04zx:", at);
    block += offset;
    for (size_t i = 0; i < row.size(); i += 8) {
      block += " " + ToHex(AsBytes(row.substr(i, 8)));
    }
    block += "\n";
  }
  return block;
}

// The evidence is given, for another zstd may compress otherwise.
std::string Written(std::string_view evidence) {
  TokenStream tokens;
  Lex(kText, Language::kPython, &tokens);
  const SortedOutput sorted = SortOutput(tokens, {}, PromptGrams());
  SegmentWriter writer({.first = 1, .last = 2});
  const Status added = writer.AddOutput("{\"n\":1}", evidence,
                                        static_cast<uint32_t>(tokens.size()),
                                        sorted.fingerprints);
  CHECK_OK(added);
  return std::move(writer).Finish();
}

TEST(SegmentPage, ShowsASegmentThatCanBeRead) {
  const std::string bytes = Bytes(Block("hex"));
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok()) << segment.error().message();
  EXPECT_EQ(segment->covers(), (SequenceRange{1, 2}));
  ASSERT_EQ(segment->counts().outputs, 1u);
  EXPECT_EQ(segment->output(0)->descriptor, "{\"n\":1}");
  const auto evidence = segment->Evidence(0);
  ASSERT_TRUE(evidence.ok()) << evidence.error().message();
  EXPECT_EQ(evidence->size(), 16u);
  // The page's text is found by every fingerprint that it has, renamed too.
  TokenStream tokens;
  Lex("def  gg(x,\n  y):\n  return x*(y+2) # more", Language::kPython, &tokens);
  SelectScratch scratch;
  std::vector<Fingerprint> selected;
  SelectMinimizers(tokens.normal(), &scratch, &selected);
  ASSERT_FALSE(selected.empty());
  EXPECT_EQ(selected.size(), segment->counts().fingerprints);
  for (const Fingerprint& f : selected) {
    const auto found = FindAll(*segment, f.hash);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].token, f.token);
  }
}

TEST(SegmentPage, ShowsWhatWeWrite) {
  TokenStream tokens;
  Lex(kText, Language::kPython, &tokens);
  const EvidenceStream made = MakeEvidence(tokens, {}, {});
  const std::string bytes = Bytes(Block("hex"));
  const auto segment = Segment::OverBytes(bytes);
  std::string evidence = *EncodeEvidence(made);
  if (segment.ok()) {
    EXPECT_EQ(*segment->Evidence(0), made);
    evidence = segment->output(0)->evidence;
  }
  EXPECT_EQ(Block("hex"), Dump(Written(evidence)));
}

TEST(SegmentPage, ShowsTheManifestOfThatSegment) {
  const auto manifest = ParseManifest(Block("json"));
  ASSERT_TRUE(manifest.ok()) << manifest.error().message();
  ASSERT_EQ(manifest->segments.size(), 1u);
  const std::string bytes = Bytes(Block("hex"));
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  const ManifestEntry& entry = manifest->segments[0];
  EXPECT_EQ(entry.bytes, bytes.size());
  EXPECT_EQ(entry.digest, segment->digest()) << std::hex << segment->digest();
  EXPECT_EQ(entry.covers, segment->covers());
  EXPECT_EQ(entry.tokens, segment->counts().tokens);
  EXPECT_EQ(entry.fingerprints, segment->counts().fingerprints);
}

}  // namespace
}  // namespace cofferdam::fingerprint
