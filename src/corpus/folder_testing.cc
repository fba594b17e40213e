#include "corpus/folder_testing.h"

#include <git2.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

RepositoryHandle OpenGit(const std::string& path) {
  git_repository* handle = nullptr;
  CHECK(git_repository_open(&handle, path.c_str()) == 0);
  return RepositoryHandle(handle);
}

}  // namespace

TestFolder::TestFolder() {
  std::string pattern = testing::TempDir() + "cofferdam_XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = std::filesystem::canonical(pattern).string();
  // git's rules of whoever runs the tests are not part of them.
  CHECK(::setenv("HOME", path_.c_str(), 1) == 0);
  CHECK(::unsetenv("XDG_CONFIG_HOME") == 0);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::Path(std::string_view name) const {
  return name.empty() ? path_ : path_ + "/" + std::string(name);
}

std::string TestFolder::Write(std::string_view name,
                              std::string_view bytes) const {
  std::filesystem::path path = Path(name);
  std::filesystem::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream << bytes;
  CHECK(stream.good());
  return path.string();
}

std::string TestFolder::MakeFolder(std::string_view name) const {
  std::filesystem::create_directories(Path(name));
  return Path(name);
}

void TestFolder::InitGit(std::string_view name) const {
  UseGit();
  git_repository* handle = nullptr;
  CHECK(git_repository_init(&handle, Path(name).c_str(), 0) == 0);
  git_repository_free(handle);
}

void TestFolder::SetOrigin(std::string_view name,
                           const std::string& url) const {
  UseGit();
  RepositoryHandle handle = OpenGit(Path(name));
  git_config* config = nullptr;
  CHECK(git_repository_config(&config, handle.get()) == 0);
  CHECK(git_config_set_string(config, "remote.origin.url", url.c_str()) == 0);
  git_config_free(config);
}

void TestFolder::Track(std::string_view name, const std::string& file) const {
  UseGit();
  RepositoryHandle handle = OpenGit(Path(name));
  git_index* index = nullptr;
  CHECK(git_repository_index(&index, handle.get()) == 0);
  IndexHandle owned(index);
  CHECK(git_index_add_bypath(index, file.c_str()) == 0);
  CHECK(git_index_write(index) == 0);
}

std::string TestFolder::Commit(std::string_view name) const {
  UseGit();
  RepositoryHandle handle = OpenGit(Path(name));
  git_index* index = nullptr;
  CHECK(git_repository_index(&index, handle.get()) == 0);
  IndexHandle owned(index);
  git_oid tree_id;
  CHECK(git_index_write_tree(&tree_id, index) == 0);
  git_tree* tree = nullptr;
  CHECK(git_tree_lookup(&tree, handle.get(), &tree_id) == 0);
  git_signature* who = nullptr;
  CHECK(git_signature_new(&who, "Test", "test@example.com", 0, 0) == 0);
  git_oid commit;
  CHECK(git_commit_create_v(&commit, handle.get(), "HEAD", who, who, nullptr,
                            "A commit", tree, 0) == 0);
  git_signature_free(who);
  git_tree_free(tree);
  char hex[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(hex, sizeof hex, &commit);
}

}  // namespace cofferdam::corpus
