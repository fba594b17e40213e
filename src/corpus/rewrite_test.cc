#include "corpus/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "corpus/folder_testing.h"
#include "corpus/source_testing.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Bytes(const std::string& path) {
  Result<std::string> bytes = ReadFile(path, size_t{1} << 30);
  return bytes.ok() ? *bytes : "(" + bytes.error().message() + ")";
}

// An edit for each record whose text holds `word`: dropped, or that word cut.
std::vector<RecordEdit> Find(const std::string& path, const std::string& word,
                             bool drop, const SourceOptions& options = {}) {
  std::vector<RecordEdit> edits;
  auto source = OpenSource({path}, options);
  EXPECT_TRUE(source.ok());
  ChunkReader reader(options);
  for (;;) {
    auto chunk = (*source)->Next();
    if (!chunk.ok() || !chunk->has_value()) return edits;
    EXPECT_TRUE(reader
                    .Read(
                        **chunk,
                        [&](const Record& record) {
                          RecordEdit edit = {.path = record.file->path,
                                             .outer = record.file->outer,
                                             .number = record.number,
                                             .begin = record.begin,
                                             .end = record.end,
                                             .drop = drop,
                                             .cuts = {}};
                          bool found = false;
                          for (const Field& field : record.fields) {
                            size_t at = field.text.find(word);
                            if (at == std::string_view::npos) continue;
                            found = true;
                            if (drop) continue;
                            edit.cuts.push_back({std::string(field.name), at,
                                                 at + word.size()});
                          }
                          if (found) edits.push_back(edit);
                        },
                        [](const PassedOver&) {})
                    .ok());
  }
}

// The file `bytes` of this name with what holds "bad" dropped or cut.
std::string After(const std::string& name, const std::string& bytes, bool drop,
                  CutStyle style = CutStyle::kExcise,
                  const std::string& word = "bad") {
  TestFolder folder;
  std::string from = folder.Write("in/" + name, bytes);
  std::string to = folder.Path("out");
  RewriteOptions options;
  options.style = style;
  auto counts = Rewrite({from}, to, Find(from, word, drop), options);
  if (!counts.ok()) return counts.error().message();
  if (counts->files_dropped == 1) return "(dropped)";
  return Bytes(to);
}

TEST(Rewrite, DropsLines) {
  EXPECT_EQ(
      After("x.jsonl", "{\"text\":\"a\"}\n\n{\"text\":\"bad\"}\r\n {}\n", true),
      "{\"text\":\"a\"}\n\n {}\n");
  EXPECT_EQ(After("x.jsonl", "broken\n{\"text\":\"bad\"}", true), "broken\n");
}

TEST(Rewrite, CutsStretchesOfStringsAsTheyAreWritten) {
  EXPECT_EQ(After("x.jsonl", R"({"text" : "x\u0062ad\ny", "n":1.50})", false),
            R"({"text" : "x\ny", "n":1.50})");
  EXPECT_EQ(After("x.jsonl", R"({"text":"a\u00e9\ud83d\ude00\n b"})", false,
                  CutStyle::kMask, "\xc3\xa9\xf0\x9f\x98\x80\n b"),
            R"({"text":"a**\n *"})");
  EXPECT_EQ(After("x.jsonl",
                  R"({"messages":[{"content":"ok"},)"
                  R"({"content":[{"text":"a bad b"}]}]})",
                  false),
            R"({"messages":[{"content":"ok"},{"content":[{"text":"a  b"}]}]})");
}

TEST(Rewrite, DropsElementsWithTheirCommas) {
  auto after = [](const std::string& json) {
    return After("x.json", json, true);
  };
  EXPECT_EQ(after(R"([ {"text":"bad"} , {"text":"b"}, {"text":"c"} ])"),
            R"([ {"text":"b"}, {"text":"c"} ])");
  EXPECT_EQ(after(R"([{"text":"a"}, {"text":"bad"},{"text":"c"}])"),
            R"([{"text":"a"}, {"text":"c"}])");
  EXPECT_EQ(after("[{\"text\":\"a\"},\n{\"text\":\"bad\"}\n]"),
            "[{\"text\":\"a\"}\n]");
  EXPECT_EQ(after(R"([{"text":"bad"},{"text":"bad"}])"), "[]");
  EXPECT_EQ(after(R"([{"text":"a"},{"text":"bad"},{"text":"bad"}])"),
            R"([{"text":"a"}])");
  EXPECT_EQ(after("{\n\"text\":\"bad\"}\n{\n\"text\":\"b\"}\n"),
            "{\n\"text\":\"b\"}\n");
}

TEST(Rewrite, CutsTextsAndDropsFiles) {
  EXPECT_EQ(After("x.py", "a\nbad x\n", false), "a\n x\n");
  EXPECT_EQ(After("x.py", "a\nbad x\n", false, CutStyle::kMask, "bad x\n"),
            "a\n*** *\n");
  EXPECT_EQ(After("x.py", "a\nbad x\n", true), "(dropped)");
}

TEST(Rewrite, CutsCellsOfNotebooks) {
  EXPECT_EQ(After("n.ipynb",
                  R"({"cells": [{"cell_type":"code","source":["b\n","ba)"
                  R"(","d1\n"]},{"source":"x"}]})",
                  false),
            R"({"cells": [{"cell_type":"code","source":["b\n","","1\n"]},)"
            R"({"source":"x"}]})");
}

TEST(Rewrite, CompressesAgainWhatChanges) {
  std::string lines = "{\"text\":\"a\"}\n{\"text\":\"bad\"}\n";
  for (Codec codec : {Codec::kGzip, Codec::kZstd, Codec::kBzip2, Codec::kXz}) {
    std::string bytes = After("x.jsonl", Compress(codec, lines), true);
    EXPECT_EQ(CodecOfBytes(bytes), codec);
    EXPECT_EQ(bytes, Compress(codec, "{\"text\":\"a\"}\n"));
  }
  EXPECT_EQ(After("x.txt.gz", Compress(Codec::kGzip, "bad"), true),
            "(dropped)");
}

TEST(Rewrite, ArchivesKeepWhatDoesNotChange) {
  TestFolder folder;
  folder.Write("in/a.txt", "a\n");
  folder.Write("in/bad.txt", "bad\n");
  folder.Write(
      "in/c.jsonl.gz",
      Compress(Codec::kGzip, "{\"text\":\"bad\"}\n{\"text\":\"c\"}\n"));
  folder.Write("in/" + std::string(150, 'd') + ".txt", "bad d\n");
  std::string tar = folder.Path("x.tar");
  ASSERT_EQ(std::system(
                ("tar --sort=name -C " + folder.path() + " -cf " + tar + " in")
                    .c_str()),
            0);
  std::string to = folder.Path("y.tar");
  std::vector<RecordEdit> edits = Find(tar, "bad", true);
  ASSERT_EQ(edits.size(), 3u);
  for (RecordEdit& edit : edits) {
    if (edit.path.find("ddd") == std::string::npos) continue;
    edit.drop = false;
    edit.cuts = {{"", 0, 4}};
  }
  auto counts = Rewrite({tar}, to, edits, {});
  ASSERT_TRUE(counts.ok()) << counts.error().message();
  EXPECT_EQ(counts->records_dropped, 2u);
  EXPECT_EQ(counts->records_cut, 1u);
  std::string out = folder.MakeFolder("out");
  ASSERT_EQ(std::system(("tar -C " + out + " -xf " + to).c_str()), 0);
  EXPECT_EQ(Bytes(out + "/in/a.txt"), "a\n");
  EXPECT_THAT(Bytes(out + "/in/bad.txt"), HasSubstr("("));
  EXPECT_EQ(Bytes(out + "/in/c.jsonl.gz"),
            Compress(Codec::kGzip, "{\"text\":\"c\"}\n"));
  EXPECT_EQ(Bytes(out + "/in/" + std::string(150, 'd') + ".txt"), "d\n");
  // Without an edit not one byte differs.
  ASSERT_TRUE(Rewrite({tar}, folder.Path("z.tar"), {}, {}).ok());
  EXPECT_EQ(Bytes(folder.Path("z.tar")), Bytes(tar));
}

TEST(Rewrite, CopiesATreeButForItsEdits) {
  TestFolder folder;
  folder.InitGit("in");
  folder.Write("in/.gitignore", "ignored\n");
  folder.Write("in/ignored", "bad\n");
  folder.Write("in/a.py", "x\n");
  folder.Write("in/b/bad.py", "bad\n");
  folder.Write("in/b/c.bin", std::string("\0\1bad", 5));
  std::filesystem::create_symlink("a.py", folder.Path("in/link"));
  ::mkfifo(folder.Path("in/pipe").c_str(), 0600);
  ::chmod(folder.Path("in/a.py").c_str(), 0755);
  auto counts = Rewrite({folder.Path("in")}, folder.Path("out"),
                        Find(folder.Path("in"), "bad", true), {});
  ASSERT_TRUE(counts.ok()) << counts.error().message();
  EXPECT_EQ(counts->files_copied, 3u);
  EXPECT_EQ(counts->files_dropped, 1u);
  EXPECT_EQ(Bytes(folder.Path("out/a.py")), "x\n");
  EXPECT_EQ(Bytes(folder.Path("out/b/c.bin")), std::string("\0\1bad", 5));
  EXPECT_EQ(std::filesystem::read_symlink(folder.Path("out/link")), "a.py");
  for (const char* name : {"out/ignored", "out/b/bad.py", "out/pipe"})
    EXPECT_FALSE(std::filesystem::exists(folder.Path(name))) << name;
  struct stat status;
  ASSERT_EQ(::stat(folder.Path("out/a.py").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
}

TEST(Rewrite, PutsSeveralPathsSideBySide) {
  TestFolder folder;
  std::string a = folder.Write("p/a.txt", "a\n");
  folder.Write("q/b/c.txt", "c\n");
  ASSERT_TRUE(
      Rewrite({a, folder.Path("q/b/")}, folder.Path("out"), {}, {}).ok());
  EXPECT_EQ(Bytes(folder.Path("out/a.txt")), "a\n");
  EXPECT_EQ(Bytes(folder.Path("out/b/c.txt")), "c\n");
}

TEST(Rewrite, LeavesNothingBehindWhereItFails) {
  TestFolder folder;
  folder.Write("in/a.txt", "good\n");
  folder.Write("in/b.txt", "bad\n");
  const std::vector<RecordEdit> edits =
      Find(folder.Path("in"), "bad", /*drop=*/false);
  folder.Write("in/b.txt", "changed meanwhile\n");
  const auto made = [&] {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder.path()))
      names.push_back(
          std::filesystem::relative(entry.path(), folder.path()).string());
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto counts =
      Rewrite({folder.Path("in")}, folder.Path("out"), edits, {});
  ASSERT_FALSE(counts.ok());
  EXPECT_THAT(made(), ElementsAre("in", "in/a.txt", "in/b.txt"));
  // A folder that was there stays, as empty as it was.
  std::filesystem::create_directory(folder.Path("out"));
  EXPECT_FALSE(
      Rewrite({folder.Path("in")}, folder.Path("out"), edits, {}).ok());
  EXPECT_THAT(made(), ElementsAre("in", "in/a.txt", "in/b.txt", "out"));
  EXPECT_TRUE(Rewrite({folder.Path("in")}, folder.Path("out"), {}, {}).ok());
  EXPECT_EQ(Bytes(folder.Path("out/a.txt")), "good\n");
}

TEST(Rewrite, EndsWhenItIsToldTo) {
  TestFolder folder;
  folder.Write("in/a.txt", "good\n");
  const std::atomic<bool> stop = true;
  RewriteOptions options;
  options.stop = &stop;
  const auto counts =
      Rewrite({folder.Path("in")}, folder.Path("out"), {}, options);
  ASSERT_FALSE(counts.ok());
  EXPECT_EQ(counts.error().code(), Code::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder.Path("out")));
}

TEST(Rewrite, SaysBeforehandWhereNothingCanBeWritten) {
  TestFolder folder;
  const std::string file = folder.Write("in/a.txt", "good\n");
  std::filesystem::create_directory(folder.Path("empty"));
  EXPECT_TRUE(CheckRewrite({file}, folder.Path("new/b.txt"), {}).ok());
  EXPECT_TRUE(CheckRewrite({folder.Path("in")}, folder.Path("empty"), {}).ok());
  // A folder cannot become the file.
  EXPECT_EQ(CheckRewrite({file}, folder.Path("empty"), {}).error().code(),
            Code::kConflict);
  const std::string other = folder.Write("b.txt", "in the way\n");
  EXPECT_THAT(
      CheckRewrite({folder.Path("in")}, other + "/c", {}).error().message(),
      HasSubstr("b.txt is no folder"));
}

TEST(Rewrite, TextsInUtf16StayThat) {
  using std::string_literals::operator""s;
  const std::string head = "\xff\xfeh\0i\0\n\0"s;
  const std::string bad = "b\0a\0d\0"s;
  const std::string tail = "\n\0\xe9\0\n\0"s;
  EXPECT_EQ(After("x.txt", head + bad + tail, false), head + tail);
  EXPECT_EQ(After("x.txt", head + bad + tail, false, CutStyle::kMask),
            head + "*\0*\0*\0"s + tail);
  EXPECT_EQ(After("x.txt", head + bad + tail, true), "(dropped)");
}

TEST(Rewrite, RefusesWhatItMustNotWrite) {
  TestFolder folder;
  std::string a = folder.Write("p/a.txt", "a\n");
  std::string b = folder.Write("q/a.txt", "b\n");
  auto code = [&](std::vector<std::string> paths, const std::string& to) {
    auto counts = Rewrite(paths, to, {}, {});
    return counts.ok() ? std::optional<Code>() : counts.error().code();
  };
  EXPECT_EQ(code({a, b}, folder.Path("out")), Code::kInvalid);
  EXPECT_EQ(code({folder.Path("p")}, folder.Path("p/out")), Code::kInvalid);
  EXPECT_EQ(code({folder.Path("p")}, folder.Path("p")), Code::kInvalid);
  EXPECT_EQ(code({a}, a), Code::kInvalid);
  EXPECT_EQ(code({a}, b), Code::kConflict);
  EXPECT_EQ(code({"-"}, folder.Path("out")), Code::kInvalid);
  EXPECT_EQ(code({"s3://x/y"}, folder.Path("out")), Code::kInvalid);
  EXPECT_EQ(code({folder.Path("p")}, folder.Path("pp")), std::nullopt);
}

TEST(Rewrite, SaysThatTheCorpusHasChanged) {
  TestFolder folder;
  std::string from =
      folder.Write("x.jsonl", "{\"text\":\"a\"}\n{\"text\":\"bad\"}\n");
  for (bool drop : {true, false}) {
    std::vector<RecordEdit> edits = Find(from, "bad", drop);
    int round = 0;
    for (RecordEdit edit : {edits[0], edits[0], edits[0], edits[0]}) {
      if (round == 0) edit.end += 1;
      if (round == 1) edit.begin = edit.end += 1000;
      if (round == 2) edit.path += "!member";
      if (round == 3) edit.outer = edit.path = folder.Path("gone.jsonl");
      std::string to =
          folder.Path("out" + std::to_string(round++) + (drop ? "d" : "c"));
      auto counts = Rewrite({from}, to, {edit}, {});
      ASSERT_FALSE(counts.ok()) << round;
      EXPECT_EQ(counts.error().code(), Code::kConflict) << round;
    }
  }
  auto twice = Find(from, "bad", true);
  twice.push_back(twice[0]);
  EXPECT_EQ(Rewrite({from}, folder.Path("t"), twice, {}).error().code(),
            Code::kInvalid);
}

// What is left reads as what was there, less what went.
TEST(Rewrite, WhatIsLeftReadsAsBefore) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    TestFolder folder;
    bool list = round % 2 == 0;
    std::string name = list ? "x.json" : "x.jsonl";
    std::string json = list ? "[" : "";
    std::vector<std::string> wanted;
    size_t count = 1 + random() % 6;
    for (size_t i = 0; i < count; ++i) {
      bool bad = random() % 2;
      if (!bad) wanted.push_back("t" + std::to_string(i));
      if (list && i > 0) json += random() % 2 ? " ,\n" : ",";
      json += "{\"text\":\"t" + std::to_string(i) + (bad ? "bad" : "") + "\"}";
      if (!list) json += "\n";
    }
    if (list) json += "]";
    std::string from = folder.Write(name, json);
    std::string to = folder.Path("y" + name);
    ASSERT_TRUE(Rewrite({from}, to, Find(from, "bad", true), {}).ok()) << json;
    auto source = OpenSource({to}, {});
    ASSERT_TRUE(source.ok());
    Seen seen = ReadAll(source->get());
    EXPECT_TRUE(seen.passed.empty()) << json << "\n" << Bytes(to);
    if (wanted.empty()) continue;
    ASSERT_EQ(seen.records.size(), wanted.size()) << json << "\n" << Bytes(to);
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_TRUE(seen.records[i].ends_with("text=" + wanted[i]));
  }
}

}  // namespace
}  // namespace cofferdam::corpus
