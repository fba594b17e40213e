#include <git2.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "corpus/git_internal.h"
#include "corpus/history_testing.h"
#include "corpus/loose_objects_internal.h"

namespace cofferdam::corpus {
namespace {

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteWhole(const std::string& path, const std::string& text) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// A zlib stream of one stored block (RFC 1950, RFC 1951).
std::string Stored(const std::string& text) {
  uint32_t a = 1;
  uint32_t b = 0;
  for (const char c : text) {
    a = (a + static_cast<uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto size = static_cast<uint16_t>(text.size());
  std::string stream = "\x78\x01\x01";
  for (const uint16_t half : {size, static_cast<uint16_t>(~size)}) {
    stream += static_cast<char>(half & 255);
    stream += static_cast<char>(half >> 8);
  }
  stream += text;
  for (const uint32_t half : {b, a}) {
    stream += static_cast<char>(half >> 8);
    stream += static_cast<char>(half & 255);
  }
  return stream;
}

class LooseObjects : public testing::Test {
 protected:
  LooseObjects() {
    commit_ = history_.Commit({{"a.py", "print(1)\n"}}, {}, 1);
    const std::string at = history_.path() + "/.git/objects/" +
                           commit_.substr(0, 2) + "/" + commit_.substr(2);
    file_ = at;
    whole_ = ReadWhole(file_);
    UseGit();
    git_oid_fromstr(&id_, commit_.c_str());
  }

  // What a guarded handle reads of the commit; "" where it is an error.
  std::string Read() const {
    git_repository* handle = nullptr;
    EXPECT_EQ(git_repository_open(&handle, history_.path().c_str()), 0);
    const RepositoryHandle owned(handle);
    GuardLooseObjects(handle);
    git_odb* odb = nullptr;
    EXPECT_EQ(git_repository_odb(&odb, handle), 0);
    git_odb_object* object = nullptr;
    std::string text;
    if (git_odb_read(&object, odb, &id_) == 0) {
      text.assign(static_cast<const char*>(git_odb_object_data(object)),
                  git_odb_object_size(object));
      git_odb_object_free(object);
    }
    git_odb_free(odb);
    return text;
  }

  TestHistory history_;
  std::string commit_;
  std::string file_;
  std::string whole_;
  git_oid id_;
};

TEST_F(LooseObjects, AWholeObjectIsReadAsGitWroteIt) {
  EXPECT_EQ(Read().substr(0, 5), "tree ");
  EXPECT_NE(Read().find("author "), std::string::npos);
}

TEST_F(LooseObjects, AnObjectCutAtAnyByteIsAnErrorAndNoEndlessLoop) {
  for (size_t size = 0; size < whole_.size(); ++size) {
    WriteWhole(file_, whole_.substr(0, size));
    EXPECT_EQ(Read(), "") << size;
  }
  WriteWhole(file_, whole_);
  EXPECT_NE(Read(), "");
}

TEST_F(LooseObjects, ABitThatFlippedAnywhereIsAnError) {
  for (size_t at = 0; at < whole_.size(); ++at) {
    std::string flipped = whole_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    WriteWhole(file_, flipped);
    EXPECT_EQ(Read(), "") << at;
  }
}

TEST_F(LooseObjects, ALengthThatIsNotTheTextsIsAnError) {
  for (const char* header :
       {"commit 4", "commit 6", "commit 18446744073709551615", "commit -1",
        "commit", "commit ", "comm 5",
        "commit 99999999999999999999999999999"}) {
    WriteWhole(file_, Stored(header + std::string("\0hello", 6)));
    EXPECT_EQ(Read(), "") << header;
  }
}

}  // namespace
}  // namespace cofferdam::corpus
